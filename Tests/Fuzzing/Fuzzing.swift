// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockBytes
import DrydockDigests
import DrydockJSON
import DrydockNix
import DrydockOCI
import DrydockPackages
import DrydockTar
import Glibc

/// What libFuzzer calls with each input; `scripts/fuzz` builds and runs it.
///
/// The reader that is meant by `DRYDOCK_FUZZ_TARGET` has to end, with a value or with an error of its own. A value that was
/// read must come out the same when it is written and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    FuzzTarget.chosen.run(bytes)
    return 0
}

/// A reader of bytes that come from outside.
enum FuzzTarget: String, CaseIterable {
    case tar, nar, narinfo, manifest, index, configuration, json, reference, elf, spec

    static let chosen: FuzzTarget = {
        let text = unsafe getenv("DRYDOCK_FUZZ_TARGET").map { unsafe String(cString: $0) } ?? ""
        guard let target = FuzzTarget(rawValue: text) else {
            print("DRYDOCK_FUZZ_TARGET must be one of \(allCases.map(\.rawValue))")
            exit(2)
        }
        return target
    }()

    func run(_ bytes: [UInt8]) {
        switch self {
        case .tar: Self.readTar(bytes)
        case .nar: Self.readNAR(bytes)
        case .narinfo: Self.readNarInfo(bytes)
        case .manifest: Self.readDocument(ImageManifest.self, bytes)
        case .index: Self.readDocument(ImageIndex.self, bytes)
        case .configuration: Self.readDocument(ImageConfiguration.self, bytes)
        case .json: Self.readDocument(JSONValue.self, bytes)
        case .reference: Self.readReference(bytes)
        case .elf: FuzzedHost.shared.read(bytes)
        case .spec: Self.readSpec(bytes)
        }
    }

    private static func readTar(_ bytes: [UInt8]) {
        var reader = TarReader(BytesInMemory(bytes))
        do { while let member = try reader.next() { _ = member.segments } } catch {
            require(error is TarReadingFailure, error)
        }
    }

    private static func readNAR(_ bytes: [UInt8]) {
        var reader = NARReader(BytesInMemory(bytes))
        do { while try reader.next() != nil {} } catch { require(error is NARReadingFailure, error) }
    }

    private static func readNarInfo(_ bytes: [UInt8]) {
        guard let info = try? NarInfo(bytes) else { return }
        let again = try? NarInfo(Array(info.description.utf8))
        require(again == info, info)
    }

    private static func readDocument<Document: JSONConvertible & Equatable>(_ type: Document.Type, _ bytes: [UInt8]) {
        guard let document = try? Document(parsing: bytes) else { return }
        let again = try? Document(parsing: CanonicalJSON.encode(document))
        require(again == document, document)
    }

    private static func readReference(_ bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self), let reference = try? ImageReference(text) else {
            return
        }
        for text in [reference.description, reference.familiarDescription] {
            require((try? ImageReference(text)) == reference, text)
        }
    }

    /// Reads a spec in either form; what is wrong with it is told with its lines.
    private static func readSpec(_ bytes: [UInt8]) {
        for file in ["image.yaml", "image.json"] {
            do { _ = try ImageSpec.decode(bytes, file: file, directory: ".") } catch {
                require(!error.diagnostics.isEmpty && error.description.hasPrefix(file), error)
            }
        }
    }

    /// Ends the process as a crash does, so that libFuzzer keeps the input.
    static func require(_ condition: Bool, _ what: some Any) {
        guard !condition else { return }
        print("Not what it should be: \(what)")
        abort()
    }
}

/// Bytes that are read as a file is.
private struct BytesInMemory: TarSource, NARSource {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = max(0, min(buffer.count, bytes.count - position))
        unsafe buffer.copyBytes(from: bytes[min(position, bytes.count)..<min(position, bytes.count) + count])
        position += count
        return count
    }

    /// Goes over the end like `lseek`.
    mutating func skip(_ count: Int64) { position += Int(min(count, 1 << 40)) }
}
