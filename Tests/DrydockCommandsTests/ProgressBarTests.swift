// SPDX-License-Identifier: Apache-2.0

import DrydockCommands
import Testing

/// The line that a terminal shows while layers are packed.
@Suite
struct ProgressBarTests {
    private let bar = ProgressBar(bytes: 1_210_000_000, total: 2_300_000_000, elapsed: .milliseconds(1_490))

    @Test(arguments: [
        (200, "[####################....................]  52 %  1.21 GB of 2.30 GB  812 MB/s"),
        (80, "[####################....................]  52 %  1.21 GB of 2.30 GB  812 MB/s"),
        (50, "[#####......]  52 %  1.21 GB of 2.30 GB  812 MB/s"),
        (44, "[##...]  52 %  1.21 GB of 2.30 GB  812 MB/s"),
        (42, "52 %  1.21 GB of 2.30 GB  812 MB/s"),
        (20, "52 %  1.21 GB of 2."),
        (1, ""),
        (0, ""),
    ])
    func `the bar fits into the terminal`(_ columns: Int, text: String) {
        let line = bar.text(columns: columns)
        #expect(line == text)
        #expect(line.count <= max(0, columns - 1))
    }

    @Test
    func `nothing to do is all done`() {
        let text = ProgressBar(bytes: 0, total: 0, elapsed: .zero).text(columns: 60)
        #expect(text == "[###############################]  100 %  0 B of 0 B  0 B/s")
    }

    @Test
    func `more than expected is not more than all`() {
        let text = ProgressBar(bytes: 3_000, total: 2_000, elapsed: .seconds(1)).text(columns: 50)
        #expect(text == "[#########]  100 %  3.00 kB of 2.00 kB  3.00 kB/s")
    }
}
