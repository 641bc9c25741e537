# SPDX-License-Identifier: MIT
# Replaces the functions of nixpkgs' lib that the modules call, without the module
# system: definitions are not merged. It tests what a single module defines, not how
# several combine. `make check-nix` tests with the real nixpkgs.
rec {
  inherit (builtins)
    attrNames
    attrValues
    concatLists
    concatStringsSep
    filter
    head
    length
    sort
    ;
  mkDefault = x: x;
  mkForce = x: x;
  mkIf = condition: x: if condition then x else { };
  mkMerge = builtins.foldl' (a: b: a // b) { };
  mkOption = x: x;

  concatMapStringsSep =
    separator: f: list:
    concatStringsSep separator (map f list);
  concatStrings = concatStringsSep "";
  escapeShellArg = text: "'${replaceStrings [ "'" ] [ "'\\''" ] (toString text)}'";
  filterAttrs = keep: set: removeAttrs set (filter (name: !keep name set.${name}) (attrNames set));
  genAttrs =
    names: f:
    listToAttrs (
      map (name: {
        inherit name;
        value = f name;
      }) names
    );
  imap0 = f: list: builtins.genList (n: f n (builtins.elemAt list n)) (length list);
  isDerivation = x: x.type or "" == "derivation";
  listToAttrs = builtins.listToAttrs;
  mapAttrs' =
    f: set: listToAttrs (map (name: f name set.${name}) (attrNames set));
  mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
  nameValuePair = name: value: { inherit name value; };
  optional = condition: x: if condition then [ x ] else [ ];
  optionals = condition: list: if condition then list else [ ];
  makeBinPath = folders: concatStringsSep ":" (map (folder: "${folder}/bin") folders);
  hasPrefix = prefix: text: builtins.substring 0 (builtins.stringLength prefix) text == prefix;
  removeSuffix =
    suffix: text:
    let
      length = builtins.stringLength text - builtins.stringLength suffix;
    in
    if length >= 0 && builtins.substring length (-1) text == suffix then
      builtins.substring 0 length text
    else
      text;
  removePrefix =
    prefix: text:
    if hasPrefix prefix text then
      builtins.substring (builtins.stringLength prefix) (builtins.stringLength text) text
    else
      text;
  replaceStrings = builtins.replaceStrings;
  unique = builtins.foldl' (seen: x: if builtins.elem x seen then seen else seen ++ [ x ]) [ ];
  splitString = separator: text: filter builtins.isString (builtins.split separator text);
  toList = x: if builtins.isList x then x else [ x ];
  concatMap = builtins.concatMap;
  elem = builtins.elem;
  mapAttrs = builtins.mapAttrs;
  optionalAttrs = condition: set: if condition then set else { };
  # Types are not checked here; submodules show their options.
  literalExpression = x: x;
  types = {
    attrsOf = x: x;
    bool = null;
    either = _: _: null;
    enum = _: null;
    int = null;
    ints = {
      between = _: _: null;
      positive = null;
    };
    listOf = _: null;
    nullOr = _: null;
    package = null;
    path = null;
    str = null;
    strMatching = _: null;
    submodule = x: x;
  };
}
