// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DrydockBuild
import DrydockFiles
import DrydockJSON
import DrydockOCI

/// How progress is shown on standard error.
enum ProgressStyle: String, ExpressibleByArgument, CaseIterable {
    /// A bar on a terminal, otherwise plain lines.
    case auto
    /// A line that is drawn over and over, with bytes and rate.
    case bar
    /// One line for each layer.
    case plain
    /// One JSON object for each layer.
    case json
    /// Nothing.
    case none

    /// A display for the packing of layers.
    ///
    /// - Parameters:
    ///   - layers: What is packed, with a title for each.
    ///   - passes: How often each layer is produced.
    /// - Returns: The display; nothing is shown yet.
    func display(_ layers: [(size: Int64, title: String)], passes: Int) -> ProgressDisplay {
        let isBar = self == .bar || self == .auto && OutputDescriptor.standardError.terminalWidth != nil
        let total = layers.reduce(0) { $0 + $1.size } * Int64(passes)
        return ProgressDisplay(layers: layers, total: total, style: self == .auto ? (isBar ? .bar : .plain) : self)
    }
}

/// Shows how far the packing of layers is.
struct ProgressDisplay: Sendable {
    /// The one that the packing counts in.
    let counter: ProgressCounter
    private let total: Int64
    private let style: ProgressStyle

    /// How long the bar stays as it is.
    private static let interval = Duration.milliseconds(100)

    init(layers: [(size: Int64, title: String)], total: Int64, style: ProgressStyle) {
        self.total = total
        self.style = style
        counter = ProgressCounter { number in Self.show(layer: number, of: layers, style) }
    }

    /// Shows progress while `work` runs.
    func during<Result: Sendable>(_ work: () async throws -> Result) async throws -> Result {
        guard style == .bar else { return try await work() }
        async let drawing: Void = draw()
        do {
            let result = try await work()
            counter.finish()
            await drawing
            return result
        } catch {
            counter.finish()
            await drawing
            throw error
        }
    }

    private func draw() async {
        let clock = ContinuousClock()
        let start = clock.now
        // A short build shows no bar at all.
        while !counter.isFinished {
            try? await Task.sleep(for: Self.interval)
            guard !counter.isFinished, !Task.isCancelled else { break }
            let bar = ProgressBar(bytes: counter.bytes, total: total, elapsed: clock.now - start)
            let columns = OutputDescriptor.standardError.terminalWidth ?? 80
            try? Output.text("\r" + bar.text(columns: columns) + "\u{1B}[K", toStandardError: true)
        }
        try? Output.text("\r\u{1B}[K", toStandardError: true)
    }

    private static func show(layer number: Int, of layers: [(size: Int64, title: String)], _ style: ProgressStyle) {
        let layer = layers[number]
        switch style {
        case .plain:
            let text = "packed layer \(number + 1) of \(layers.count): \(ByteSize(layer.size))"
            try? Output.text("\(text)  \(layer.title.shortened)\n", toStandardError: true)
        case .json:
            let event = JSONValue.object([
                "event": .string("packed"),
                "layer": .integer(Int64(number + 1)),
                "layers": .integer(Int64(layers.count)),
                "size": .integer(layer.size),
            ])
            try? Output.text(String(decoding: CanonicalJSON.encode(event), as: UTF8.self) + "\n", toStandardError: true)
        case .auto, .bar, .none: break
        }
    }
}

/// One picture of the bar.
package struct ProgressBar {
    /// The bytes that are done.
    let bytes: Int64
    /// All bytes.
    let total: Int64
    /// How long it took until now.
    let elapsed: Duration

    /// A picture of a moment.
    package init(bytes: Int64, total: Int64, elapsed: Duration) {
        self.bytes = bytes
        self.total = total
        self.elapsed = elapsed
    }

    /// The bar in at most `columns` columns: `[#####.....]  52 %  1.21 GB of 2.30 GB  812 MB/s`.
    package func text(columns: Int) -> String {
        let numbers = "  \(percent) %  \(ByteSize(bytes)) of \(ByteSize(total))  \(ByteSize(rate))/s"
        let width = min(40, columns - numbers.count - 3)
        guard width >= 4 else { return String(numbers.dropFirst(2).prefix(max(0, columns - 1))) }
        let done = width * percent / 100
        return "[" + String(repeating: "#", count: done) + String(repeating: ".", count: width - done) + "]" + numbers
    }

    private var percent: Int { total == 0 ? 100 : Int(min(100, bytes * 100 / total)) }

    private var rate: Int64 {
        let milliseconds = elapsed / .milliseconds(1)
        return milliseconds < 1 ? 0 : Int64(Double(bytes) / milliseconds * 1_000)
    }
}
