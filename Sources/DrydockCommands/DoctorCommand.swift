// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockJSON
import DrydockOCI

/// `drydock doctor`: what this machine can do, and how to enable the rest.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Show what this machine can do, and how to enable the rest."
    )

    @Flag(help: "Print the findings as one JSON object on standard output.")
    var json = false

    func run() async throws {
        let findings = Examination.current().findings
        if json {
            try Output.json(DoctorReport(findings: findings).json)
        } else {
            try Output.text(DoctorReport(findings: findings).text)
        }
        // What is missing here is optional, except for what a build itself needs.
        if findings.contains(where: { $0.state == .broken }) { throw ExitCode.failure }
    }
}

/// What `doctor` found out about one thing.
struct Finding: Equatable {
    enum State: String {
        /// It works.
        case works
        /// It is not there, and a build does not need it.
        case missing
        /// A build needs it, and it does not work.
        case broken
    }

    let name: String
    let state: State
    /// What was found.
    let detail: String
    /// How to enable it.
    var hint: String?
}

/// What `doctor` prints.
struct DoctorReport {
    let findings: [Finding]

    var json: JSONValue {
        .object([
            "findings": .array(
                findings.map { finding in
                    .object([
                        "name": .string(finding.name),
                        "state": .string(finding.state.rawValue),
                        "detail": .string(finding.detail),
                        "hint": finding.hint.map { .string($0) } ?? .null,
                    ])
                }
            )
        ])
    }

    var text: String {
        let width = findings.map(\.name.count).max() ?? 0
        return findings.map { finding in
            let mark =
                switch finding.state {
                case .works: "ok     "
                case .missing: "missing"
                case .broken: "BROKEN "
                }
            let hint = finding.hint.map { "\n" + String(repeating: " ", count: width + 11) + "hint: \($0)" } ?? ""
            return "\(mark)  \(finding.name.padded(to: width))  \(finding.detail)\(hint)\n"
        }.joined()
    }
}
