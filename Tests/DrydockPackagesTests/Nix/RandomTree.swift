// SPDX-License-Identifier: Apache-2.0

import DrydockTestSupport

/// File trees like those of store objects, and the programs that tests compare with.
enum RandomTree {
    static let fixtures = #filePath.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" } + "/Fixtures"

    /// Makes the tree of a seed at a new path.
    static func make(seed: Int, at path: String) async throws {
        try await Command.check(["python3", fixtures + "/random_tree.py", "\(seed)", path])
    }
}
