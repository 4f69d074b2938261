# SPDX-License-Identifier: Apache-2.0
# The functions of nixpkgs' lib that the Nix library and its examples use.
let
  inherit (builtins) concatStringsSep elemAt filter genList isFunction isString length replaceStrings split stringLength substring;
  upper = characters "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  lower = characters "abcdefghijklmnopqrstuvwxyz";
  characters = text: genList (position: substring position 1 text) (stringLength text);
in
rec {
  toLower = replaceStrings upper lower;
  toUpper = replaceStrings lower upper;
  splitString = separator: text: filter isString (split (escapeRegex separator) text);
  escapeRegex = replaceStrings (characters "\\[{()^$?*+|.") (map (each: "\\" + each) (characters "\\[{()^$?*+|."));
  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  removePrefix = prefix: text: if hasPrefix prefix text then substring (stringLength prefix) (-1) text else text;
  hasSuffix = suffix: text:
    let start = stringLength text - stringLength suffix;
    in start >= 0 && substring start (stringLength suffix) text == suffix;
  escapeShellArg = value: "'${replaceStrings [ "'" ] [ "'\\''" ] (toString value)}'";
  escapeShellArgs = values: concatStringsSep " " (map escapeShellArg values);
  concatMapStringsSep = separator: f: values: concatStringsSep separator (map f values);
  optional = condition: value: if condition then [ value ] else [ ];
  optionals = condition: values: if condition then values else [ ];
  optionalString = condition: text: if condition then text else "";
  optionalAttrs = condition: attributes: if condition then attributes else { };
  last = list: elemAt list (length list - 1);
  toList = value: if builtins.isList value then value else [ value ];
  filterAttrs = keep: set: removeAttrs set (filter (name: !keep name set.${name}) (builtins.attrNames set));
  makeBinPath = packages: concatStringsSep ":" (map (package: "${package}/bin") packages);
  warn = message: builtins.trace "warning: ${message}";
  makeOverridable = f: args:
    let result = f args;
    in
    result // {
      override = change: makeOverridable f (args // (if isFunction change then change args else change));
    };
}
