# SPDX-License-Identifier: MIT
# The type of `settings`, and how it becomes guest-installer.conf.
{ lib }:
let
  inherit (lib) types;
  atom = types.either types.bool (types.either types.int types.str);

  # Numbers and words as they are, lists as words with blanks between. The file
  # has no booleans: the keys with two values name both.
  value = v: if builtins.isList v then lib.concatMapStringsSep " " value v else toString v;
in
{
  type = types.attrsOf (types.nullOr (types.either atom (types.listOf atom)));

  # Sentences for what a line of the file cannot hold; option is where the settings stand.
  errors =
    option: settings:
    lib.concatLists (
      lib.mapAttrsToList (
        name: v:
        let
          words = if builtins.isList v then v else [ v ];
        in
        lib.optional (builtins.any builtins.isBool words) "${option}.${name} is a boolean; the installer's keys take words, like \"none\" or \"force\"."
        ++ lib.optional (builtins.any (
          word: builtins.isString word && builtins.match "[^\n\r]*" word == null
        ) words) "${option}.${name} has more than one line."
      ) settings
    );

  render =
    settings:
    lib.concatStrings (
      lib.mapAttrsToList (name: v: "${name} = ${value v}\n") (lib.filterAttrs (_: v: v != null) settings)
    );
}
