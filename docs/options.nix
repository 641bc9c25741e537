# SPDX-License-Identifier: MIT
# The documentation of the options of both NixOS modules: as a list for programs, in the form of nixpkgs'
# lib.optionAttrSetToDocList (which nixos-render-docs reads), and as the text of docs/options.md.
#   nix-build -A options-json
{ lib }:
let
  repository = toString ../. + "/";
  isOurs =
    option:
    lib.hasPrefix "services.guest-installer" option.name
    || lib.hasPrefix "virtualisation.guest" option.name;
  isShown = option: isOurs option && option.visible && !option.internal;

  evaluated = lib.evalModules {
    modules = [
      ../iso/module/options.nix
      ../qemu/module/options.nix
      {
        # No value is asked for: defaults that need packages have a text.
        _module.check = false;
        _module.args.pkgs = throw "the documentation of an option needs packages: give it a defaultText";
      }
    ];
  };

  documented =
    option:
    removeAttrs option [
      "visible"
      "internal"
    ]
    // {
      declarations = map (path: lib.removePrefix repository (toString path)) option.declarations;
    };

  list = map documented (lib.filter isShown (lib.optionAttrSetToDocList evaluated.options));

  # A literal expression, or text in Markdown.
  value = literal: literal.text or (lib.generators.toPretty { } literal);
  line = word: literal: "- ${word}: `${lib.replaceStrings [ "\n" ] [ " " ] (value literal)}`";

  section =
    option:
    lib.concatStringsSep "\n" (
      [
        "## ${option.name}"
        ""
        (lib.removeSuffix "\n" (option.description.text or option.description or ""))
        ""
        "- Type: ${option.type}"
      ]
      ++ lib.optional (option ? default) (line "Default" option.default)
      ++ lib.optional (option ? example) (line "Example" option.example)
      ++ [
        "- Declared in `${lib.concatStringsSep "`, `" option.declarations}`"
        ""
      ]
    );
in
{
  inherit list;

  markdown =
    ''
      <!-- SPDX-License-Identifier: MIT -->
      <!-- Made from the modules: UPDATE=1 NIXPKGS=FOLDER tests/run tests/nixpkgs/options.sh -->
      # Options of the NixOS modules

      `services.guest-installer` is for the live system of the full ISO (`nixosModules.installer`);
      `virtualisation.guests` is for a host with guests (`nixosModules.host`).

    ''
    + lib.concatMapStringsSep "\n" section list;
}
