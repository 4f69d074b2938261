// SPDX-License-Identifier: Apache-2.0

import DrydockCommands
import Testing

/// Sizes for people.
@Suite
struct ByteSizeTests {
    @Test(
        arguments: [
            (0, "0 B"), (1, "1 B"), (999, "999 B"),
            (1_000, "1.00 kB"), (1_005, "1.00 kB"), (1_010, "1.01 kB"), (1_990, "1.99 kB"), (9_999, "9.99 kB"),
            (10_000, "10.0 kB"), (99_999, "99.9 kB"), (100_000, "100 kB"), (999_999, "999 kB"),
            (1_000_000, "1.00 MB"), (1_234_567, "1.23 MB"), (1_050_000_000, "1.05 GB"),
            (8_589_934_592, "8.58 GB"), (1_000_000_000_000, "1.00 TB"), (2_500_000_000_000_000, "2.50 PB"),
            (.max, "9.22 EB"),
        ] as [(Int64, String)]
    )
    func `a size has three digits and is never rounded up`(_ bytes: Int64, text: String) {
        #expect("\(ByteSize(bytes))" == text)
    }
}
