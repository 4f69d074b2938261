// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests

/// What is registered of one store object.
public struct StoreObject: Hashable, Sendable {
    /// Where it is.
    public var path: StorePath
    /// The SHA-256 of its NAR; nil where the source of this knowledge does not tell.
    public var narHash: Digest?
    /// The size of its NAR in bytes.
    public var narSize: Int64
    /// The store objects that it refers to, sorted; it may refer to itself.
    public var references: [StorePath]
    /// The derivation that it was built from, as an absolute path.
    public var deriver: String?
    /// The signatures of its NAR hash, each as `KEY-NAME:BASE64`.
    public var signatures: [String]
    /// Whether it was built here or added here, and so is trusted without a signature.
    public var isUltimate: Bool
    /// How its path follows from its content, as `fixed:…` or `text:…`; nil when it does not.
    public var contentAddress: String?

    /// A store object.
    public init(
        path: StorePath,
        narHash: Digest? = nil,
        narSize: Int64,
        references: [StorePath] = [],
        deriver: String? = nil,
        signatures: [String] = [],
        isUltimate: Bool = false,
        contentAddress: String? = nil
    ) {
        self.path = path
        self.narHash = narHash
        self.narSize = narSize
        self.references = references
        self.deriver = deriver
        self.signatures = signatures
        self.isUltimate = isUltimate
        self.contentAddress = contentAddress
    }
}

/// Store objects together with everything that they refer to.
public struct StoreClosure: Hashable, Sendable {
    /// The objects, sorted by path; every reference of one is another of them.
    public let objects: [StoreObject]

    /// Why objects are not a closure.
    public enum Failure: Error, Equatable, CustomStringConvertible {
        /// An object refers to one that is not there.
        case missing(StorePath, referrer: StorePath)
        /// A path occurs twice.
        case repeated(StorePath)

        /// One sentence for the person.
        public var description: String {
            switch self {
            case .missing(let path, let referrer): "\(path), which \(referrer) refers to, is not in the closure"
            case .repeated(let path): "\(path) is in the closure twice"
            }
        }
    }

    /// A closure of these objects.
    ///
    /// - Throws: ``Failure``.
    public init(_ objects: some Collection<StoreObject>) throws(Failure) {
        let sorted = objects.sorted { $0.path < $1.path }
        for (left, right) in zip(sorted, sorted.dropFirst()) where left.path == right.path {
            throw .repeated(left.path)
        }
        let paths = Set(sorted.map(\.path))
        for object in sorted {
            for reference in object.references where !paths.contains(reference) {
                throw .missing(reference, referrer: object.path)
            }
        }
        self.objects = sorted
    }

    /// A closure of objects that are sorted, and that refer to each other alone.
    init(complete objects: [StoreObject]) { self.objects = objects }

    /// The number of bytes of all NARs.
    public var narSize: Int64 { objects.reduce(0) { $0 + $1.narSize } }
}
