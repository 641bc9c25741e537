# SPDX-License-Identifier: MIT
# The type of `settings`, and its conversion to guest-installer.conf: one line per
# key. The installer splits it at the first `=` and strips comments and blanks
# (installer/config/merge.c).
{ lib }:
let
  inherit (lib) types;
  atom = types.either types.bool (types.either types.int types.str);

  # The keys of the program: each row of its table begins with KEY("name".
  rows = builtins.filter (lib.hasPrefix "KEY(\"") (
    lib.splitString "\n" (builtins.readFile ../../installer/config/keys.def)
  );
  keys = map (row: builtins.elemAt (lib.splitString "\"" row) 1) rows;

  # A list becomes words separated by blanks. The file has no booleans: keys with two
  # values have a word for each.
  value = v: if builtins.isList v then lib.concatMapStringsSep " " value v else toString v;

  line = name: v: "${name} = ${value v}\n";
  given = lib.filterAttrs (_: v: v != null);

  longest = 4095;

  matches = pattern: text: builtins.match pattern text != null;

  render = settings: lib.concatStrings (lib.mapAttrsToList line (given settings));

  # The problems of a value, as sentences that continue after the option's name.
  problems =
    name: v:
    let
      words = if builtins.isList v then v else [ v ];
      text = value v;
      says = condition: sentence: lib.optional condition sentence;
    in
    if builtins.any builtins.isBool words then
      [ "is a boolean; the installer's keys take words, like \"none\" or \"force\"." ]
    else if builtins.stringLength (line name v) > longest + 1 then
      [ "makes a line of more than ${toString longest} bytes." ]
    else if matches ".*[\n\r].*" text then
      [ "has more than one line." ]
    else if text == "" then
      [ "is empty: null leaves a key out." ]
    else
      says (!builtins.elem name keys) "is no key of the installer: guest-installer --help lists them."
      ++ says (matches "[ \t].*|.*[ \t]" text) "begins or ends with a blank, which the installer would cut off."
      ++ says (matches "(.*[ \t])?#.*" text) "has a # after a blank or at its start, where a comment begins."
      ++ says (
        builtins.isList v && builtins.any (word: matches ".*[ \t].*" (value word) || value word == "") v
      ) "has a word that is empty or has a blank in it, and so would be none or two.";
in
{
  type = types.attrsOf (types.nullOr (types.either atom (types.listOf atom)));

  inherit keys render;

  # A sentence for each value that the file cannot hold; option is the path of the settings.
  errors =
    option: settings:
    lib.concatLists (
      lib.mapAttrsToList (
        name: v: map (problem: "${option}.${name} ${problem}") (lib.optionals (v != null) (problems name v))
      ) settings
    );

  # The settings as words key=value.
  assignments = settings: lib.mapAttrsToList (name: v: "${name}=${value v}") (given settings);

  # A script that prints the file and adds one trusted key. The script reads the key
  # when it runs, so that a build may produce it and the evaluation does not wait.
  script =
    settings: keyFile:
    let
      trusted = lib.optionals (settings.trusted-keys or null != null) (lib.toList settings.trusted-keys);
      others = removeAttrs (given settings) [ "trusted-keys" ];
    in
    if keyFile == null || trusted == [ "none" ] then
      "printf %s ${lib.escapeShellArg (render settings)}\n"
    else
      ''
        printf %s ${lib.escapeShellArg (render others)}
        echo trusted-keys = ${lib.concatMapStringsSep " " lib.escapeShellArg trusted} "$(cat ${keyFile})"
      '';
}
