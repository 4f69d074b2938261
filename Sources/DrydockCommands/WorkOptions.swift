// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// How a command works, which never changes what comes out.
struct WorkOptions: ParsableArguments {
    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The number of threads (default: one for each processor).", valueName: "n")
    )
    var jobs: Int?

    @Option(help: "How progress is shown on standard error.")
    var progress = ProgressStyle.auto

    func validate() throws { try Self.check(jobs: jobs) }

    static func check(jobs: Int?) throws {
        if let jobs, !(1...1_024).contains(jobs) { throw ValidationError("'--jobs' takes a number from 1 to 1024") }
    }
}
