// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests
public import DrydockJSON

extension Digest: JSONConvertible {
    /// Reads the `algorithm:encoded` form.
    public init(json: JSONValue) throws(JSONFailure) {
        do { try self.init(String(json: json)) } catch let error as Digest.ParsingFailure {
            throw JSONFailure(.invalid("\(error)"))
        } catch let error as JSONFailure {
            throw error
        } catch { preconditionFailure("A digest is parsed with errors of two types: \(error)") }
    }

    /// The `algorithm:encoded` form.
    public var json: JSONValue { .string(description) }
}
