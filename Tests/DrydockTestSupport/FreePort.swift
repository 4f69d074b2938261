// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A port for programs that take no 0 for one.
enum FreePort {
    /// The ports below those that the kernel chooses itself, for servers and for every connection that somebody makes.
    private static let range = UInt16(20_000)..<32_000

    /// A port of 127.0.0.1 that nobody had a moment ago.
    ///
    /// - Throws: ``Command/Failure`` if there is none.
    static func find() throws -> Int {
        for _ in 0..<100 {
            let port = UInt16.random(in: range)
            if isFree(port) { return Int(port) }
        }
        throw Command.Failure(arguments: ["bind"], reason: "there is no free port")
    }

    /// Whether the port can be had; nothing listens on it meanwhile, and no program that is started inherits it.
    private static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
