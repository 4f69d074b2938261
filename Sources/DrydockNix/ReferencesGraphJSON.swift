// SPDX-License-Identifier: Apache-2.0

import DrydockDigests
import DrydockJSON

/// Reads the JSON in which Nix describes store objects.
struct ReferencesGraphJSON {
    let storeDirectory: String

    func objects(in bytes: [UInt8]) throws(JSONFailure) -> [StoreObject] {
        switch try JSONValue(parsing: bytes, limits: ReferencesGraphFile.limits) {
        case .array(let values): return try objects(values)
        case .object(let members):
            if members.keys.allSatisfy({ $0.utf8.starts(with: "/".utf8) }) { return try objects(byPath: members) }
            return try objects(inAttributes: members)
        default: throw JSONFailure(.wrongKind(expected: "an array or an object", actual: "another value"))
        }
    }

    /// The form with a member for each path.
    private func objects(byPath members: [String: JSONValue]) throws(JSONFailure) -> [StoreObject] {
        var objects: [StoreObject] = []
        for (path, value) in members.sorted(by: { $0.key < $1.key }) {
            do { objects.append(try object(value, path: path)) } catch { throw error.inside(path) }
        }
        return objects
    }

    /// The attributes of a derivation, some of which were replaced by graphs.
    ///
    /// Which ones is not known by name, because `exportReferencesGraph` chooses the names: a graph is a list of objects
    /// with `path` and `references`.
    private func objects(inAttributes members: [String: JSONValue]) throws(JSONFailure) -> [StoreObject] {
        var graphs: [[StoreObject]] = []
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            guard case .array(let values) = value, Self.isGraph(values) else { continue }
            do { graphs.append(try objects(values)) } catch { throw error.inside(name) }
        }
        guard let first = graphs.first else {
            throw JSONFailure(.invalid("no member is a list of store objects, each with 'path' and 'references'"))
        }
        guard graphs.count > 1 else { return first }
        let pairs = graphs.joined().map { ($0.path, $0) }
        return Array(Dictionary(pairs, uniquingKeysWith: { _, last in last }).values)
    }

    private static func isGraph(_ values: [JSONValue]) -> Bool {
        !values.isEmpty
            && values.allSatisfy { value in
                guard case .object(let members) = value else { return false }
                return members["path"] != nil && members["references"] != nil
            }
    }

    private func objects(_ values: [JSONValue]) throws(JSONFailure) -> [StoreObject] {
        var objects: [StoreObject] = []
        for (position, value) in values.enumerated() {
            do { objects.append(try object(value, path: nil)) } catch { throw error.inside(position) }
        }
        return objects
    }

    /// One object; the path is nil where a member of the object says it.
    private func object(_ value: JSONValue, path: String?) throws(JSONFailure) -> StoreObject {
        // Since Nix 2.19 `null` stands for what is known of a path that is not valid; before, it had `valid: false`.
        guard value != .null else { throw JSONFailure(.invalid("the path is not valid in the store")) }
        var members = try JSONMembers(json: value)
        let text: String = if let path { path } else { try members.require("path") }
        guard try members.take("valid") ?? true else {
            throw JSONFailure(.invalid("\(text.clippedForMessage) is not valid in the store"))
        }
        return StoreObject(
            path: try storePath(text, of: path == nil ? "path" : nil),
            narHash: try narHash(&members),
            narSize: try narSize(&members),
            references: try references(&members),
            deriver: try deriver(&members),
            signatures: try members.take("signatures") ?? [],
            isUltimate: try members.take("ultimate") ?? false,
            contentAddress: try members.take("ca")
        )
    }

    private func narHash(_ members: inout JSONMembers) throws(JSONFailure) -> Digest {
        let text: String = try members.require("narHash")
        do { return try Digest(nix: text) } catch {
            throw JSONFailure(.invalid(error.description.clippedForMessage), path: "narHash")
        }
    }

    private func narSize(_ members: inout JSONMembers) throws(JSONFailure) -> Int64 {
        let size: Int64 = try members.require("narSize")
        guard size >= 0 else { throw JSONFailure(.invalid("expected a size, got \(size)"), path: "narSize") }
        return size
    }

    private func references(_ members: inout JSONMembers) throws(JSONFailure) -> [StorePath] {
        var references: [StorePath] = []
        for (position, text) in (try members.requireArray("references") as [String]).enumerated() {
            do { references.append(try storePath(text, of: nil)) } catch {
                throw error.inside(position).inside("references")
            }
        }
        return references.sorted()
    }

    private func deriver(_ members: inout JSONMembers) throws(JSONFailure) -> String? {
        guard let text: String = try members.take("deriver"), !text.isEmpty else { return nil }
        return try storePath(text, of: "deriver").description
    }

    private func storePath(_ text: String, of key: String?) throws(JSONFailure) -> StorePath {
        do { return try StorePath(text, storeDirectory: storeDirectory) } catch {
            throw JSONFailure(.invalid(error.description.clippedForMessage), path: key ?? "")
        }
    }
}
