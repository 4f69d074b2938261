// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The servers that no proxy leads to: what `NO_PROXY` says.
///
/// Parts with commas or spaces between them: `*` for all; an address; a block of addresses in CIDR form; a name, which
/// also means all names below it; `.NAME` or `*.NAME` for those below it alone; each name and address with an optional port.
public struct ProxyExceptions: Hashable, Sendable {
    private enum Part: Hashable, Sendable {
        case everything
        case block(NetworkAddress, bits: Int)
        case address(NetworkAddress, port: Int?)
        case name(String, isBelowOnly: Bool, port: Int?)
    }

    private let parts: [Part]

    /// Reads the text; parts that mean nothing are skipped.
    public init(_ text: String = "") {
        parts = text.split { $0 == "," || $0.isWhitespace }.compactMap { Self.part(String($0).lowercased()) }
    }

    /// Whether a server is reached directly.
    func contain(_ server: HostAndPort) -> Bool {
        let host = server.host.lowercased()
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        let address = NetworkAddress(name)
        if name == "localhost" || address?.isLoopback == true { return true }
        return parts.contains { part in
            switch part {
            case .everything: true
            case .block(let block, let bits): address.map { $0.isIn(block, bits: bits) } ?? false
            case .address(let other, let port): address == other && (port ?? server.port) == server.port
            case .name(let other, let isBelowOnly, let port):
                (name.hasSuffix(".\(other)") || (name == other && !isBelowOnly)) && (port ?? server.port) == server.port
            }
        }
    }

    private static func part(_ text: String) -> Part? {
        if text == "*" { return .everything }
        if let slash = text.firstIndex(of: "/") {
            guard let address = NetworkAddress(String(text[..<slash])),
                let bits = Int(text[text.index(after: slash)...]), (0...address.width).contains(bits)
            else { return nil }
            return .block(address, bits: bits)
        }
        if let address = NetworkAddress(text) { return .address(address, port: nil) }
        let server = HostAndPort(text, defaultPort: 0)
        let port = server.port == 0 ? nil : server.port
        if let address = NetworkAddress(server.host) { return .address(address, port: port) }
        var name = server.host
        if name.hasPrefix("*.") { name.removeFirst() }
        let isBelowOnly = name.hasPrefix(".")
        name = String(name.drop { $0 == "." })
        if name.hasSuffix(".") { name.removeLast() }
        return name.isEmpty ? nil : .name(name, isBelowOnly: isBelowOnly, port: port)
    }
}

/// A host and a port.
struct HostAndPort: Hashable, Sendable {
    /// Without the brackets of an IPv6 address.
    let host: String
    let port: Int

    /// Divides `HOST[:PORT]` or `[ADDRESS][:PORT]`; the port is 0 if it is none.
    init(_ text: String, defaultPort: Int) {
        let isBracketed = text.hasPrefix("[")
        let hostEnd = isBracketed ? text.firstIndex(of: "]").map { text.index(after: $0) } : text.lastIndex(of: ":")
        let name = text[..<(hostEnd ?? text.endIndex)]
        host = isBracketed ? String(name.dropFirst().dropLast()) : String(name)
        let rest = text[(hostEnd ?? text.endIndex)...]
        let digits = rest.dropFirst()
        guard !rest.isEmpty else {
            port = defaultPort
            return
        }
        let isPort = rest.hasPrefix(":") && !digits.isEmpty && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
        port = isPort ? UInt16(digits).map { Int($0) } ?? 0 : 0
    }
}

/// An IPv4 or IPv6 address.
struct NetworkAddress: Hashable, Sendable {
    /// 4 or 16 bytes.
    private let bytes: [UInt8]

    /// Parses an address in its usual form, an IPv6 one with or without brackets; nil if it is none.
    init?(_ text: String) {
        let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
        let text = isBracketed ? String(text.dropFirst().dropLast()) : text
        let isIPv6 = text.contains(":")
        var bytes = [UInt8](repeating: 0, count: isIPv6 ? 16 : 4)
        guard unsafe inet_pton(isIPv6 ? AF_INET6 : AF_INET, text, &bytes) == 1 else { return nil }
        // An IPv4 address written as an IPv6 one is the same address.
        let isMapped = bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10..<12] == [255, 255]
        self.bytes = isMapped ? Array(bytes[12...]) : bytes
    }

    /// The number of bits.
    var width: Int { bytes.count * 8 }

    var isLoopback: Bool { bytes.count == 4 ? bytes[0] == 127 : bytes == [UInt8](repeating: 0, count: 15) + [1] }

    /// Whether the first bits are those of another address.
    func isIn(_ block: NetworkAddress, bits: Int) -> Bool {
        guard bytes.count == block.bytes.count else { return false }
        return (0..<bits).allSatisfy { bit in
            let difference: UInt8 = bytes[bit / 8] ^ block.bytes[bit / 8]
            let mask: UInt8 = 0x80 >> UInt8(bit % 8)
            return difference & mask == 0
        }
    }
}
