#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes two Debian packages and the repository that has them: make_packages.sh DIRECTORY
#
# The first one's script makes users, gives files away, sets capabilities and becomes one of its users; the second one needs
# the first.
set -eu
umask 022
mkdir -p "$1"
cd "$1"

control() {
    mkdir -p "$1/DEBIAN"
    printf 'Package: %s\nVersion: %s\nDepends: %s\nArchitecture: all\n' "$1" "$2" "$3" >"$1/DEBIAN/control"
    printf 'Maintainer: Nobody <nobody@example.org>\nDescription: for a test\n' >>"$1/DEBIAN/control"
    cat >"$1/DEBIAN/postinst"
    chmod 755 "$1/DEBIAN/postinst"
}

control service 1 'adduser, libcap2-bin, passwd, util-linux' <<'END'
#!/bin/sh
set -e
adduser --system --group --home /var/lib/service --no-create-home --quiet service
useradd --system --no-create-home --groups service watcher
chown -R service:service /var/lib/service
chown root:service /usr/bin/service-tool
chmod 2750 /usr/bin/service-tool
install -d -o watcher -g service -m 2770 /var/lib/service/watch
setpriv --reuid watcher --regid service --init-groups touch /var/lib/service/watch/seen
setcap cap_net_bind_service=+ep /usr/bin/service-net
END
mkdir -p service/usr/bin service/var/lib/service
echo state >service/var/lib/service/state
printf '#!/bin/sh\n' | tee service/usr/bin/service-tool >service/usr/bin/service-net
chmod 755 service/usr/bin/service-tool service/usr/bin/service-net

control tool 2 service <<'END'
#!/bin/sh
set -e
chown service:service /usr/share/tool
END
mkdir -p tool/usr/share/tool
echo text >tool/usr/share/tool/text
chown 33:33 tool/usr/share/tool/text

for name in service tool; do
    find "$name" -exec touch -h -d @1 {} +
    SOURCE_DATE_EPOCH=1 dpkg-deb --build "$name" >/dev/null
    rm -r "$name"
    {
        dpkg-deb --field "$name.deb"
        printf 'Filename: ./%s.deb\nSize: %s\n' "$name" "$(stat -c %s "$name.deb")"
        printf 'SHA256: %s\n\n' "$(sha256sum "$name.deb" | cut -d ' ' -f 1)"
    } >>Packages
done
