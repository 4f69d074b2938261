# SPDX-License-Identifier: Apache-2.0
# Arguments of functions: their types, their defaults, and what is said when one is wrong.
{ lib }:
let
  inherit (builtins) attrNames concatStringsSep elemAt filter genList isAttrs isBool isInt isList isString length
    stringLength substring typeOf;

  fail = function: message: throw "drydock.${function}: ${message}";
  quoted = names: concatStringsSep ", " (map (name: "'${name}'") names);

  # How alike two words are: the characters that they share at the start and at the end.
  likeness = one: other:
    let
      limit = if stringLength one < stringLength other then stringLength one else stringLength other;
      run = at: position: if position < limit && at one position == at other position then run at (position + 1) else position;
      start = run (word: position: substring position 1 word) 0;
      end = run (word: position: substring (stringLength word - 1 - position) 1 word) 0;
    in
    if start + end > limit then limit else start + end;

  # The known word that was probably meant, if there is one.
  nearest = word: known:
    let
      alike = name: likeness (lib.toLower word) (lib.toLower name);
      best = builtins.foldl' (best: name: if alike name > alike best then name else best) (builtins.head known) known;
    in
    if known != [ ] && 3 * alike best >= 2 * (if stringLength word > stringLength best then stringLength word else stringLength best)
    then best else null;

  unknown = function: what: word: known: elsewhere:
    let meant = nearest word known;
    in
    fail function (
      "unknown ${what} '${word}'"
      + (if elsewhere != null then "; ${elsewhere}"
      else if meant != null then "; did you mean '${meant}'?"
      else "; there are ${quoted known}")
    );

  isPath = value: builtins.isPath value || isString value || (isAttrs value && value ? outPath);

  describe = value:
    if isString value then "the string '${builtins.unsafeDiscardStringContext value}'"
    else if isInt value || isBool value then "${builtins.toJSON value}"
    else if isAttrs value && value ? outPath then "the package '${value.name or "?"}'"
    else { set = "an attribute set"; list = "a list"; lambda = "a function"; null = "null"; path = "a path"; }.${typeOf value} or (typeOf value);

  types = rec {
    string = { name = "a string"; is = isString; };
    bool = { name = "true or false"; is = isBool; };
    attributes = { name = "an attribute set"; is = isAttrs; };
    list = { name = "a list"; is = isList; };
    anything = { name = "anything"; is = value: true; };
    integer = { name = "a whole number of at least 0"; is = value: isInt value && value >= 0; };
    number = least: most: {
      name = "a whole number from ${toString least} to ${toString most}";
      is = value: isInt value && value >= least && value <= most;
    };
    path = { name = "a package, a path or a store path"; is = isPath; };
    paths = {
      name = "a package or a path, or a list of them";
      is = value: isPath value || (isList value && builtins.all isPath value);
    };
    oneOf = names: { name = "one of ${quoted names}"; is = value: builtins.elem value names; };
    nullOr = type: { name = "${type.name}, or null"; is = value: value == null || type.is value; };
  };

  # One argument, checked.
  argument = function: name: rule: given:
    if !(given ? ${name}) then
      rule.default or (fail function "missing argument '${name}': ${rule.type.name}${rule.hint or ""}")
    else if rule.type.is given.${name} then given.${name}
    else fail function "argument '${name}' must be ${rule.type.name}, but is ${describe given.${name}}${rule.hint or ""}";

  # The arguments of a function with defaults for those that were not given. Each is checked when it is used.
  #
  # `rules` has a type for each argument, a default unless it must be given, and maybe a hint.
  arguments = function: rules: given:
    let strangers = filter (name: !(rules ? ${name})) (attrNames given);
    in
    if !isAttrs given then fail function "expected an attribute set of arguments, but got ${describe given}"
    else if strangers != [ ] then
      unknown function "argument" (builtins.head strangers) (attrNames rules) (elsewhere rules (builtins.head strangers))
    else builtins.mapAttrs (name: rule: argument function name rule given) rules;

  # A key of config among the arguments is the commonest mistake.
  elsewhere = rules: word:
    let key = configName word;
    in if rules ? config && key != null && !(rules ? ${word}) then "write 'config.${key} = …'" else null;

  configKeys = [
    "User" "ExposedPorts" "Env" "Entrypoint" "Cmd" "Volumes" "WorkingDir" "Labels" "StopSignal" "StopTimeout" "Healthcheck"
    "Shell" "OnBuild" "ArgsEscaped" "Memory" "MemorySwap" "CpuShares" "Hostname" "Domainname" "AttachStdin" "AttachStdout"
    "AttachStderr" "Tty" "OpenStdin" "StdinOnce" "NetworkDisabled" "MacAddress"
  ];
  configName = word:
    let found = filter (key: lib.toLower key == lib.toLower word) configKeys;
    in if found == [ ] then null else builtins.head found;

  # The container's settings with the names of Docker, which reads them in any case, as dockerTools' users write them.
  config = function: given:
    let
      entry = word:
        let key = configName word;
        in
        if key == null then unknown function "key in 'config'" word configKeys null
        else { name = key; value = configValue function key given.${word}; };
      entries = map entry (filter (word: given.${word} != null) (attrNames given));
      names = map (each: each.name) entries;
      twice = filter (name: length (filter (other: other == name) names) > 1) names;
    in
    if given == null then { }
    else if twice != [ ] then fail function "'config' has '${builtins.head twice}' twice, in different cases; keep one"
    else builtins.listToAttrs entries;

  configValue = function: key: value:
    if builtins.elem key [ "Cmd" "Entrypoint" "Shell" ] && (isString value || value ? outPath) then [ "${value}" ]
    else if builtins.elem key [ "Cmd" "Entrypoint" "Shell" "Env" "OnBuild" ] then
      if isList value then map (each: if isInt each then toString each else "${each}") value
      else fail function "'config.${key}' must be a list of strings, but is ${describe value}"
    else value;
in
{
  inherit types arguments config fail;
}
