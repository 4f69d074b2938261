# SPDX-License-Identifier: Apache-2.0
# Small packages that images often need, and that dockerTools has under the same names.
{ bash, cacert, coreutils, lib, runCommand, shadow, shell, ... }:
{
  # /bin/sh
  binSh = runCommand "bin-sh" { } ''
    mkdir -p $out/bin
    ln -s ${bash}/bin/bash $out/bin/sh
  '';

  # /usr/bin/env
  usrBinEnv = runCommand "usr-bin-env" { } ''
    mkdir -p $out/usr/bin
    ln -s ${coreutils}/bin/env $out/usr/bin/env
  '';

  # Certificates where programs of several systems look for them.
  caCertificates = runCommand "ca-certificates" { } ''
    mkdir -p $out/etc/ssl/certs $out/etc/pki/tls/certs
    for file in ssl/certs/ca-bundle.crt ssl/certs/ca-certificates.crt pki/tls/certs/ca-bundle.crt; do
      ln -s ${cacert}/etc/ssl/certs/ca-bundle.crt $out/etc/$file
    done
  '';

  # Users root and nobody, for programs that look for them. An image gets these files themselves and not links to them.
  fakeNss = lib.makeOverridable
    ({ extraPasswdLines ? [ ], extraGroupLines ? [ ] }: runCommand "fake-nss"
      {
        passwd = builtins.concatStringsSep "\n" (
          [ "root:x:0:0:root user:/var/empty:/bin/sh" ] ++ extraPasswdLines
          ++ [ "nobody:x:65534:65534:nobody:/var/empty:/bin/sh" "" ]
        );
        group = builtins.concatStringsSep "\n" ([ "root:x:0:" ] ++ extraGroupLines ++ [ "nobody:x:65534:" "" ]);
      } ''
      mkdir -p $out/etc $out/var/empty
      printf %s "$passwd" >$out/etc/passwd
      printf %s "$group" >$out/etc/group
      echo 'hosts: files dns' >$out/etc/nsswitch.conf
    '')
    { };

  # For scripts that run as root: what useradd and groupadd need to begin with.
  shadowSetup = ''
    export PATH=${shadow}/bin:$PATH
    mkdir -p /etc/pam.d
    if [ ! -f /etc/passwd ]; then
      echo 'root:x:0:0::/root:${shell}' >/etc/passwd
      echo 'root:!x:::::::' >/etc/shadow
    fi
    if [ ! -f /etc/group ]; then
      echo 'root:x:0:' >/etc/group
      echo 'root:x::' >/etc/gshadow
    fi
    if [ ! -f /etc/pam.d/other ]; then
      printf '%s\n' 'account sufficient pam_unix.so' 'auth sufficient pam_rootok.so' \
        'password requisite pam_unix.so nullok yescrypt' 'session required pam_unix.so' >/etc/pam.d/other
    fi
    if [ ! -f /etc/login.defs ]; then : >/etc/login.defs; fi
  '';
}
