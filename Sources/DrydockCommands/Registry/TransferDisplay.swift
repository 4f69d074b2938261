// SPDX-License-Identifier: Apache-2.0

import DrydockBuild
import DrydockFiles
import DrydockJSON
import DrydockOCI

/// Shows how far a transfer is: a bar on a terminal, otherwise a line for each blob.
struct TransferDisplay: Sendable {
    /// The one that the transfer counts in.
    let progress: TransferProgress
    private let style: ProgressStyle
    private let total: Int64

    private static let interval = Duration.milliseconds(100)

    init(_ style: ProgressStyle, total: Int64) {
        let isBar = style == .bar || style == .auto && OutputDescriptor.standardError.terminalWidth != nil
        let shown = style == .auto ? (isBar ? .bar : .plain) : style
        self.style = shown
        self.total = total
        progress = TransferProgress { blob, outcome in Self.show(blob, outcome, shown) }
    }

    /// Shows progress while `work` runs.
    func during<Result: Sendable>(_ work: () async throws -> Result) async throws -> Result {
        guard style == .bar else { return try await work() }
        async let drawing: Void = draw()
        do {
            let result = try await work()
            progress.finish()
            await drawing
            return result
        } catch {
            progress.finish()
            await drawing
            throw error
        }
    }

    private func draw() async {
        let clock = ContinuousClock()
        let start = clock.now
        while !progress.isFinished {
            try? await Task.sleep(for: Self.interval)
            guard !progress.isFinished, !Task.isCancelled else { break }
            let bar = ProgressBar(bytes: min(progress.bytes, total), total: total, elapsed: clock.now - start)
            let columns = OutputDescriptor.standardError.terminalWidth ?? 80
            try? Output.text("\r" + bar.text(columns: columns) + "\u{1B}[K", toStandardError: true)
        }
        try? Output.text("\r\u{1B}[K", toStandardError: true)
    }

    private static func show(_ blob: Descriptor, _ outcome: TransferProgress.Outcome, _ style: ProgressStyle) {
        switch style {
        case .plain:
            try? Output.text("\(outcome.rawValue) \(blob.digest)  \(ByteSize(blob.size))\n", toStandardError: true)
        case .json:
            let event = JSONValue.object([
                "event": .string(outcome.rawValue), "digest": .string("\(blob.digest)"), "size": .integer(blob.size),
            ])
            try? Output.text(String(decoding: CanonicalJSON.encode(event), as: UTF8.self) + "\n", toStandardError: true)
        case .auto, .bar, .none: break
        }
    }
}
