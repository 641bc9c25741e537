# SPDX-License-Identifier: MIT
# What mkGuestIso adds to a guest, as one module file without imports from other files:
# later rebuilds in the guest need it, too. It becomes /etc/nixos/guest-installer.nix.
{ layout, keys }:
let
  name = "/etc/nixos/guest-installer.nix";
  modules = [
    "common"
    "grub"
    "xen"
  ];
  occurs = text: module: builtins.length (builtins.split "\\./${module}\\.nix" text) > 1;

  # The text of a module, with those in place that it imports.
  inlined =
    file:
    let
      text = builtins.readFile file;
      imported = builtins.filter (occurs text) modules;
    in
    builtins.replaceStrings (map (module: "./${module}.nix") imported) (map (
      module: parenthesis (./layouts + "/${module}.nix")
    ) imported) text;
  parenthesis = file: "(\n${inlined file})";

  string = text: "\"${builtins.replaceStrings [ "\\" "\"" "$" ] [ "\\\\" "\\\"" "\\$" ] text}\"";
in
{
  inherit name;

  # A sentence for the evaluation.
  warning =
    "mkGuestIso adds ${
      if layout == null then "SSH keys" else "the layout ${layout}"
    } to the guest's configuration: a later nixos-rebuild needs it, too. In the guest it is in ${name}, "
    + "to be imported; for nixos-rebuild --target-host, add nixosModules.layouts to the guest's own modules instead.";

  text = ''
    # Written by guest-installer: what mkGuestIso added to the configuration of this
    # guest. A later rebuild needs it, too: without it there would be no file systems
    # and no boot loader. Import it in the configuration that nixos-rebuild builds:
    #   imports = [ ./guest-installer.nix ];
    {
      imports = [
  ''
  + (
    if layout == null then
      ""
    else
      parenthesis (./layouts + "/${layout}.nix") + "\n" + parenthesis ./own-disk.nix + "\n"
  )
  + "  ];\n"
  + (
    if keys == [ ] then
      ""
    else
      "  users.users.root.openssh.authorizedKeys.keys = [\n"
      + builtins.concatStringsSep "" (map (key: "    ${string key}\n") keys)
      + "  ];\n"
  )
  + "}\n";
}
