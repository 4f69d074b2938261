# SPDX-License-Identifier: Apache-2.0
# An image of a registry, pinned by its digest and by the hash of its archive.
{ cacert, check, lib, parts, platform, runCommand, ... }:
let
  inherit (check.types) bool nullOr string;
  inherit (parts) command;

  prefetched = "; 'drydock prefetch NAME' prints it";
  outside = {
    name = "an absolute path as a string, which is not copied into the store";
    is = value: builtins.isString value && lib.hasPrefix "/" value && !lib.hasPrefix builtins.storeDir value;
  };
  digest = {
    name = "a digest";
    is = value: builtins.isString value && builtins.match "sha256:[0-9a-f]{64}" value != null;
  };

  rules = {
    imageName.type = string;
    imageDigest = { type = digest; hint = ", such as sha256:… with 64 digits${prefetched}"; };
    hash = { type = nullOr string; default = null; };
    sha256 = { type = nullOr string; default = null; };
    outputHash = { type = nullOr string; default = null; };
    outputHashAlgo = { type = nullOr string; default = null; };
    os = { type = string; default = "linux"; };
    arch = { type = string; default = platform.architecture; };
    variant = { type = nullOr string; default = platform.variant; };
    finalImageName = { type = nullOr string; default = null; };
    finalImageTag = { type = string; default = "latest"; };
    tlsVerify = { type = bool; default = true; };
    name = { type = nullOr string; default = null; };
    # Beyond dockerTools: files with passwords. They are not in the store, so the sandbox must be told of them.
    authFile = { type = nullOr outside; default = null; };
    netrcFile = { type = nullOr outside; default = null; };
  };

  # The hash as Nix takes it. One with its algorithm in front needs none beside it.
  expected = arguments:
    let
      given = builtins.filter (name: arguments.${name} != null) [ "hash" "sha256" "outputHash" ];
      algorithm = if arguments.outputHashAlgo != null then arguments.outputHashAlgo else if arguments.sha256 != null then "sha256" else null;
      value = arguments.${builtins.head given};
    in
    if given == [ ] then check.fail "pullImage" "missing argument 'hash': the hash of the image's archive${prefetched}"
    else if builtins.length given > 1 then
      check.fail "pullImage" "'${builtins.elemAt given 0}' and '${builtins.elemAt given 1}' mean the same; keep 'hash'"
    else { outputHash = value; outputHashMode = "flat"; }
    // lib.optionalAttrs (algorithm != null || value == "") { outputHashAlgo = if algorithm == null then "sha256" else algorithm; };

  # What a build with a known result may know of its surroundings.
  variables = [
    "http_proxy" "https_proxy" "all_proxy" "no_proxy" "HTTP_PROXY" "HTTPS_PROXY" "ALL_PROXY" "NO_PROXY"
    "REGISTRY_AUTH_FILE" "DOCKER_CONFIG" "NETRC" "CONTAINERS_REGISTRIES_CONF"
  ];
in
{
  pullImage = lib.makeOverridable (given:
    let
      arguments = check.arguments "pullImage" rules given;
      inherit (arguments) imageName imageDigest finalImageTag;
      finalImageName = if arguments.finalImageName == null then imageName else arguments.finalImageName;
      name =
        if arguments.name != null then arguments.name
        else "docker-image-${builtins.replaceStrings [ "/" ":" ] [ "-" "-" ] "${finalImageName}-${finalImageTag}"}.tar";
      wanted = "${arguments.os}/${arguments.arch}${lib.optionalString (arguments.variant != null) "/${arguments.variant}"}";
      files = parts.withoutNull { REGISTRY_AUTH_FILE = arguments.authFile; NETRC = arguments.netrcFile; };
    in
    runCommand name
      (expected arguments // {
        impureEnvVars = builtins.filter (variable: !(files ? ${variable})) variables;
        SSL_CERT_FILE = "${cacert}/etc/ssl/certs/ca-bundle.crt";
        preferLocalBuild = true;
        passthru = { inherit imageName imageDigest; imageTag = finalImageTag; };
      } // files) ''
      export HOME=$PWD
      ${command} pull ${lib.escapeShellArg "${imageName}@${imageDigest}"} --platform ${lib.escapeShellArg wanted} \
        --cache "$PWD/cache" --progress plain ${lib.optionalString (!arguments.tlsVerify) "--insecure "}\
        -o "docker-archive:$out:"${lib.escapeShellArg "${finalImageName}:${finalImageTag}"}
    '');
}
