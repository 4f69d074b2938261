// SPDX-License-Identifier: Apache-2.0

import DrydockJSON
import DrydockOCI
import NIOHTTP1

extension RegistryRepository {
    /// The tags of the repository, in the order of the registry, over as many pages as there are.
    ///
    /// They are those of the registry itself: a mirror need not know all. A page without a new tag is taken for the last one,
    /// so a registry that leads in a circle is left again.
    ///
    /// - Throws: ``RegistryFailure``, also if the list has a text that is no tag, leads to another server, or does not end.
    public func tags() async throws -> [String] {
        var list = TagList()
        var next: WebAddress? = address("tags/list", at: origin).adding("n", "1000")
        while let address = next {
            let request = RegistryRequest(.GET, address)
            let (page, link) = try await send(request, to: origin, .pull) { response in
                (try await response.bytes(limit: Self.manifestLimit), response.headers.first(name: "Link"))
            }
            do throws(RegistryFailure) {
                next = try list.add(page) ? Self.following(link, address) : nil
            } catch {
                throw RegistryFailure(error.reason, request: request.text)
            }
        }
        return list.tags
    }

    /// The address of `<target>; rel="next"`; nil if there is none.
    private static func following(_ link: String?, _ address: WebAddress) throws(RegistryFailure) -> WebAddress? {
        guard let link, let start = link.firstIndex(of: "<"), let end = link[start...].firstIndex(of: ">"),
            link[end...].contains("next"), let next = address.resolving(String(link[link.index(after: start)..<end]))
        else { return nil }
        guard next.authority == address.authority else {
            throw RegistryFailure(.protocolViolation("the list of tags leads to another server"))
        }
        // A registry behind a proxy that ends TLS does not know that there is any.
        return next.with(scheme: address.scheme)
    }
}

/// The tags of the pages so far.
private struct TagList {
    private static let pageLimit = 10_000
    private static let tagLimit = 1_000_000

    private(set) var tags: [String] = []
    private var known: Set<String> = []
    private var pages = 0

    /// Adds a page, and tells whether it had a tag that no page before had.
    mutating func add(_ page: [UInt8]) throws(RegistryFailure) -> Bool {
        pages += 1
        let before = tags.count
        for tag in try Self.tags(in: page) where known.insert(tag).inserted {
            guard ImageReference.isTag(tag) else {
                let sentence = "the list of tags has '\(tag.clippedForMessage)', which cannot be a tag"
                throw RegistryFailure(.protocolViolation(sentence))
            }
            tags.append(tag)
        }
        guard pages <= Self.pageLimit, tags.count <= Self.tagLimit else {
            throw RegistryFailure(.protocolViolation("the list of tags does not end"))
        }
        return tags.count > before
    }

    private static func tags(in page: [UInt8]) throws(RegistryFailure) -> [String] {
        do {
            var members = try JSONMembers(parsing: page)
            return try members.take("tags") ?? []
        } catch {
            throw RegistryFailure(.malformedDocument(name: "list of tags", failure: error))
        }
    }
}
