// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import Glibc
import Testing

/// What a person reads of a system call that failed.
@Suite
struct SystemErrorTests {
    /// An error and its whole text.
    struct Case: CustomTestStringConvertible, Sendable {
        let error: SystemError
        let text: String
        var testDescription: String { text }
    }

    static let cases = [
        Case(
            error: SystemError("read", "/etc/shadow", errorNumber: EACCES),
            text: "Cannot read '/etc/shadow': permission denied (EACCES)"
        ),
        Case(
            error: SystemError("open", "a", errorNumber: ENOENT),
            text: "Cannot open 'a': no such file or directory (ENOENT)"
        ),
        Case(
            error: SystemError("write", "image.tar", errorNumber: ENOSPC),
            text: """
                Cannot write 'image.tar': no space left on device (ENOSPC)
                hint: free some space there or choose another place with -o or --cache
                """
        ),
        Case(
            error: SystemError("open", "a", errorNumber: EMFILE),
            text: """
                Cannot open 'a': too many open files (EMFILE)
                hint: raise the limit of open files, for example with 'ulimit -n 4096'
                """
        ),
        Case(
            error: SystemError("write", "a", errorNumber: ENOSPC, hint: "do something else"),
            text: "Cannot write 'a': no space left on device (ENOSPC)\nhint: do something else"
        ),
        Case(
            error: SystemError("read", "a", errorNumber: 100_000),
            text: "Cannot read 'a': unknown error 100000"
        ),
    ]

    @Test(arguments: cases)
    func `an error says what failed, on what and why`(example: Case) {
        #expect(example.error.description == example.text)
    }

    @Test
    func `only negative results are errors`() throws {
        #expect(try checked(0, "read", "a") == 0)
        #expect(try checked(7, "read", "a") == 7)
        let error = #expect(throws: SystemError.self) { try checked(-EIO, "read", "a") }
        #expect(error == SystemError("read", "a", errorNumber: EIO))
    }
}
