# SPDX-License-Identifier: MIT
# A test in the form of nixpkgs, for builders with the features kvm and nixos-test: the driver starts a machine with the
# lean ISO, a blank disk and a key drive, and then a machine with the disk alone.
#   nix-build -A nixos-test
{
  pkgs,
  mkGuestIso,
  hostPlatform,
}:
let
  iso = mkGuestIso {
    configuration =
      { modulesPath, ... }:
      {
        imports = [
          ../../iso/template/guest.nix
          # The shell through which the driver runs commands.
          (modulesPath + "/testing/test-instrumentation.nix")
        ];
        services.openssh.enable = true;
      };
    layout = "gpt";
    inherit hostPlatform;
  };
in
{
  name = "guest-installer";
  nodes = { };

  testScript = ''
    import glob
    import os
    import shutil
    import subprocess

    qemu = "${pkgs.qemu}/bin/qemu-system-x86_64 -machine accel=kvm:tcg -cpu max -m 1024"
    iso = glob.glob("${iso}/iso/*.iso")[0]
    folder = os.path.abspath("guest-installer")
    disk = f"{folder}/disk.qcow2"
    key = f"{folder}/key"

    os.makedirs(f"{folder}/drive")
    subprocess.run(
        ["${pkgs.openssh}/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True
    )
    shutil.copy(f"{key}.pub", f"{folder}/drive/ssh.pub")
    subprocess.run(
        ["${pkgs.qemu}/bin/qemu-img", "create", "-q", "-f", "qcow2", disk, "8G"], check=True
    )

    installer = create_machine(
        f"{qemu} -drive file={disk},if=virtio -cdrom {iso}"
        f" -drive file=fat:floppy:{folder}/drive,format=raw,if=virtio,readonly=on",
        name="installer",
    )
    installer.start()
    installer.wait_for_console_text("INSTALL_SUCCESSFUL")
    installer.wait_for_shutdown()

    guest = create_machine(
        f"{qemu} -drive file={disk},if=virtio -device virtio-net-pci,netdev=net"
        " -netdev user,id=net,hostfwd=tcp:127.0.0.1:2222-:22",
        name="guest",
    )
    guest.start()
    guest.wait_for_unit("multi-user.target")
    guest.wait_for_open_port(22)

    with subtest("the key of the drive is accepted"):
        subprocess.run(
            ["${pkgs.openssh}/bin/ssh", "-F", "none", "-i", key, "-p", "2222"]
            + ["-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "UserKnownHostsFile=/dev/null"]
            + ["-o", "StrictHostKeyChecking=no", "root@127.0.0.1", "true"],
            check=True,
        )

    with subtest("Nix finds the store whole"):
        guest.succeed("nix-store --verify --check-contents")

    guest.shutdown()
  '';
}
