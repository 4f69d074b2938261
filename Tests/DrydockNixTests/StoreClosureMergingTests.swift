// SPDX-License-Identifier: Apache-2.0

import DrydockNix
import Testing

@Suite
struct StoreClosureMergingTests {
    @Test
    func `what the upper closure says of an object counts`() throws {
        let lower = try SampleClosure.chain(of: 3).closure
        let upper = try StoreClosure([
            StoreObject(path: SampleClosure.path(0), narSize: 99), StoreObject(path: SampleClosure.path(7), narSize: 7),
        ])
        let merged = try upper.merging(lower)
        #expect(merged.objects.map(\.narSize) == [99, 8, 16, 7])
        #expect(try merged == StoreClosure(lower.objects.dropFirst() + upper.objects))
    }

    @Test
    func `a part has what its roots refer to`() throws {
        let closure = try SampleClosure.chain(of: 5, width: 2).closure
        #expect(try closure.restricted(to: [SampleClosure.path(2)]) == SampleClosure.chain(of: 3, width: 2).closure)
        #expect(closure.restricted(to: [])?.objects == [])
        #expect(try closure.restricted(to: [SampleClosure.path(9)]) == nil)
    }
}
