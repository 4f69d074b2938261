// SPDX-License-Identifier: Apache-2.0

import DrydockBytes
import DrydockJSON

extension AuthFile.Entry {
    /// What the entry says, or nil if it is not readable.
    ///
    /// `identitytoken` counts more than `auth`, which is the base 64 of `NAME:PASSWORD`; `username` and `password` are
    /// what programs wrote before.
    var credentials: RegistryCredentials? {
        let token = text("identitytoken")
        if !token.isEmpty { return .identityToken(Secret(token)) }
        let auth = text("auth")
        if auth.isEmpty { return .basic(user: text("username"), Secret(text("password"))) }
        guard let pair = Self.divided(auth) else { return nil }
        // Docker's helper programs and its file alike mark a token by this name.
        return pair.user == Self.tokenUser ? .identityToken(pair.password) : .basic(user: pair.user, pair.password)
    }

    /// The name that says that the password is an identity token.
    static let tokenUser = "<token>"

    /// An entry that holds credentials; the empty one if there are none.
    init(_ credentials: RegistryCredentials) {
        members = JSONMembers()
        switch credentials {
        case .none: break
        case .basic(let user, let password):
            members.put("auth", Base64.encode(Array("\(user):\(password.revealed)".utf8)))
        case .identityToken(let token):
            members.put("auth", Base64.encode(Array("\(Self.tokenUser):".utf8)))
            members.put("identitytoken", token.revealed)
        }
    }

    /// Name and password of base 64; some programs leave out its padding or put zero bytes behind the password.
    private static func divided(_ auth: String) -> (user: String, password: Secret)? {
        let digits = auth.utf8.filter { $0 > 0x20 && $0 != UInt8(ascii: "=") }
        let padding = [UInt8](repeating: UInt8(ascii: "="), count: (4 - digits.count % 4) % 4)
        guard let bytes = Base64.decode(digits + padding),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let user = String(validating: bytes[..<colon], as: UTF8.self)
        else { return nil }
        let rest = bytes[(colon + 1)...]
        let length = (rest.lastIndex { $0 != 0 } ?? colon) - colon
        guard let password = String(validating: rest.prefix(length), as: UTF8.self) else { return nil }
        return (user, Secret(password))
    }
}
