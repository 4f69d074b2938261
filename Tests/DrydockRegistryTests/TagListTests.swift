// SPDX-License-Identifier: Apache-2.0

import DrydockRegistry
import DrydockTestSupport
import NIOHTTP1
import Testing

/// Lists of tags over several pages.
struct TagListTests {
    /// What a server that gives the same answers in their order makes of a list, and how often it was asked.
    private func tags(_ pages: [(tags: String, link: String?)]) async throws -> [String] {
        try await HTTPTestServer.withServer { request in
            let number = request.target.split(separator: "page=").dropFirst().first.flatMap { Int($0) } ?? 0
            guard number < pages.count else { return .answer(status: 404, headers: [:], body: []) }
            let body = Array(#"{"name":"a","tags":\#(pages[number].tags)}"#.utf8)
            var headers = HTTPHeaders()
            if let link = pages[number].link { headers.add(name: "Link", value: link) }
            return .answer(status: 200, headers: headers, body: body)
        } _: { port in
            try await withRepository("a", at: "127.0.0.1:\(port)") { try await $0.tags() }
        }
    }

    private func failure(_ pages: [(tags: String, link: String?)]) async throws -> RegistryFailure.Reason? {
        await #expect(throws: RegistryFailure.self) { _ = try await tags(pages) }?.reason
    }

    @Test func `all pages are read, in the order of the registry`() async throws {
        let pages = [
            (tags: #"["b","a"]"#, link: #"</v2/a/tags/list?n=2&page=1>; rel="next""#),
            (tags: #"["c"]"#, link: #"</v2/a/tags/list?n=2&page=2>; rel="next""#),
            (tags: "[]", link: nil as String?),
        ]
        #expect(try await tags(pages) == ["b", "a", "c"])
    }

    @Test func `a repository without tags has none`() async throws {
        #expect(try await tags([("null", nil)]) == [])
    }

    @Test func `a list that leads in a circle is left`() async throws {
        let pages = [
            (tags: #"["a"]"#, link: Optional(#"</v2/a/tags/list?page=1>; rel="next""#)),
            (tags: #"["b","a"]"#, link: #"</v2/a/tags/list?page=0>; rel="next""#),
        ]
        #expect(try await tags(pages) == ["a", "b"])
    }

    @Test func `a list that leads to another server is refused`() async throws {
        let reason = try await failure([(#"["a"]"#, #"<http://elsewhere.example/v2/a/tags/list>; rel="next""#)])
        #expect(reason == .protocolViolation("the list of tags leads to another server"))
    }

    @Test func `what cannot be a tag is refused`() async throws {
        let reason = try await failure([(#"["a","b\u001b[2J"]"#, nil)])
        #expect(reason == .protocolViolation(#"the list of tags has 'b\u{1b}[2J', which cannot be a tag"#))
    }
}
