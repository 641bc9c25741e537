# SPDX-License-Identifier: MIT
# Settings that the rules accept, and settings that each break one rule.
let
  builds = settings: { engine = "nixos-install"; } // settings;
  copies =
    settings:
    {
      cache = "https://cache.example.org";
      trusted-keys = "none";
      manifest = "/iso/guest.json";
    }
    // settings;
  commit = "0123456789abcdef0123456789abcdef01234567";
  sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
in
{
  refused = [
    (copies { engine = "apt"; })
    (copies {
      configuration = "/etc/guest.nix";
      flake = "/srv/machines#web";
    })
    (copies { manifest = "https://host/guest.json"; })
    (builds {
      configuration = "/etc/guest.nix";
      flake = "/srv/machines#web";
    })
    (builds {
      flake = "/srv/machines#web";
      hostname = "web";
    })
    (builds { flake = "github:me/machines#web"; })
    (builds { flake = "github:me/machines/${commit}"; })
    (builds { manifest = "/iso/guest.json"; })
    (builds { configuration = "https://host/guest.nix"; })
    (builds {
      cache = "https://me:secret@host/cache";
      trusted-keys = "none";
    })
    (copies { on-success = "kexec"; })
    (copies { if-installed = "boot"; })
    (builds { flake = "git+https://token@host/machines?rev=${commit}#web"; })
  ];

  accepted = [
    (copies { })
    (copies { hostname = "web"; })
    (copies {
      cache = [
        "file:///iso/cache"
        "https://cache.example.org"
      ];
      manifest = "https://host/guest.json";
      manifest-sha256 = sum;
      timeout = 1800;
      disk = "serial:guest";
      report-url = "http://host/?a=b&c=d#e";
      seed = null;
    })
    (builds { })
    (builds {
      configuration = "https://host/guest.nix";
      configuration-sha256 = sum;
      hostname = "web";
      cache = "https://cache.nixos.org";
      trusted-keys = "cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=";
    })
    (builds { flake = "drive#web"; })
    (builds { flake = "git+ssh://git@host/machines?rev=${commit}#web"; })
    (builds { flake = "github:me/machines/${commit}#web"; })
    (builds { flake = "git+https://host/machines?ref=main&rev=${commit}#web.1"; })
  ];
}
