# SPDX-License-Identifier: MIT
# Checks which settings contradict each other; each rule has a sentence. The
# installer checks the same (installer/config/), but only in the machine. Here the
# user sees the problem earlier.
{ lib }:
settings:
let
  has = key: settings.${key} or null != null;
  given = lib.filter has;

  engine = if has "engine" then settings.engine else "cache";
  builds = engine == "nixos-install";
  isRemote = text: builtins.isString text && builtins.match "https?://.*" text != null;

  # A flake reference that is pinned (installer/nix/flake.c).
  isFlake =
    text:
    builtins.any (pattern: builtins.match pattern text != null) [
      "drive#[A-Za-z0-9_.-]+"
      "/[^#]*#[A-Za-z0-9_.-]+"
      "[A-Za-z][^#]*:[^#]*/[0-9a-f]{40}([?][^#]*)?#[A-Za-z0-9_.-]+"
      "[A-Za-z][^#]*:[^#]*[?&](rev|narHash)=[^#]*#[A-Za-z0-9_.-]+"
    ];

  # A URL with a user and a password. In ssh:// the user is no secret.
  holdsPassword =
    text:
    builtins.match ".*://[^/?#]*@.*" text != null && builtins.match ".*ssh://.*" text == null;
  addresses =
    lib.concatMap (key: if builtins.isList settings.${key} then settings.${key} else [ settings.${key} ])
      (given [
        "cache"
        "flake"
      ]);

  rule = assertion: message: { inherit assertion message; };
  of = keys: lib.concatMapStringsSep " and " (key: "settings.${key}") keys;

  forNixosInstall = given [
    "configuration"
    "configuration-sha256"
    "flake"
  ];
  systems = given [
    "configuration"
    "flake"
    "system"
  ];
in
[
  (rule (lib.elem engine [
    "cache"
    "nixos-install"
  ]) "services.guest-installer.settings.engine is ${toString engine}: it can be cache or nixos-install.")

  (rule (builds || forNixosInstall == [ ]) ''
    services.guest-installer has ${of forNixosInstall}, but a closure is
    copied as it was built: leave that out, or set
    services.guest-installer.settings.engine = "nixos-install".
  '')

  (rule (!builds || builtins.length systems <= 1) ''
    services.guest-installer has ${of systems}, and nixos-install builds one
    system: choose one of them.
  '')

  (rule (!has "flake" || isFlake settings.flake) ''
    services.guest-installer.settings.flake is ${settings.flake or ""}: it can be
    REF#NAME, where REF is drive, an absolute path, or a reference with rev= or
    narHash= or a commit in its path, for what is installed shall not change.
  '')

  (rule (!builds || !has "hostname" || !(has "flake" || has "system")) ''
    services.guest-installer.settings.hostname is set, but a flake or a built
    system has a host name of its own: leave it out.
  '')

  (rule (!builds || !has "manifest") ''
    services.guest-installer.settings.manifest is set, but nixos-install builds a
    system of which there is none yet: leave it out.
  '')

  (rule (!isRemote settings.configuration or null || has "configuration-sha256") ''
    services.guest-installer.settings.configuration comes from the network and
    decides what is installed: say which one it is in
    settings.configuration-sha256 (sha256sum configuration.nix).
  '')

  (rule (!builds || !builtins.any holdsPassword addresses) ''
    services.guest-installer has a password in settings.cache or settings.flake,
    which Nix would tell in its log: leave it out, and say it in the file netrc on
    the key drive.
  '')

  (rule (settings.on-success or null != "kexec" && settings.if-installed or null != "boot") ''
    services.guest-installer.settings has on-success = "kexec" or
    if-installed = "boot", which start the guest in place of the live system: only
    the lean ISO does so. Leave that out, or make a lean ISO (mkGuestIso).
  '')

  (rule (!isRemote settings.manifest or null || has "manifest-sha256") ''
    services.guest-installer.settings.manifest comes from the network and decides
    what is installed: say which one it is in settings.manifest-sha256
    (sha256sum guest.json).
  '')
]
