// SPDX-License-Identifier: Apache-2.0

/// What the command line asks for.
struct Options {
    var paths = [300, 800, 1900]
    var layers = [25, 60, 100]
    var seeds: ClosedRange<UInt64> = 1...3
    var calendar = History.Calendar()
    var closures: String?
    /// Only the algorithms whose names contain this.
    var only: String?
    /// Measure planning for graphs of these sizes, and nothing else.
    var timed: [Int] = []

    /// The options of a command line; nil if it makes no sense.
    init?(_ arguments: some Collection<String>) {
        var rest = arguments.makeIterator()
        while let argument = rest.next() {
            if argument == "--no-wrapper" {
                calendar.hasWrapper = false
                continue
            }
            guard let value = rest.next(), set(argument, to: value) else { return nil }
        }
    }

    private mutating func set(_ option: String, to value: String) -> Bool {
        switch option {
        case "--paths": return assign(Self.numbers(value), to: \.paths)
        case "--layers": return assign(Self.numbers(value), to: \.layers)
        case "--seeds":
            let ends = value.split(separator: "-").compactMap { UInt64($0) }
            guard let first = ends.first, let last = ends.last, first <= last else { return false }
            return assign(first...last, to: \.seeds)
        case "--time": return assign(Self.numbers(value), to: \.timed)
        case "--updates": return assign(Self.numbers(value)?.first, to: \.calendar.updates)
        case "--bump-every": return assign(Int(value).flatMap { $0 < 0 ? nil : $0 }, to: \.calendar.daysBetweenBumps)
        case "--closures": return assign(value, to: \.closures)
        case "--only": return assign(Optional(value), to: \.only)
        default: return false
        }
    }

    private mutating func assign<Value>(_ value: Value?, to option: WritableKeyPath<Options, Value>) -> Bool {
        guard let value else { return false }
        self[keyPath: option] = value
        return true
    }

    /// Numbers above 0, separated by commas; nil if there is anything else.
    private static func numbers(_ text: String) -> [Int]? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        let numbers = parts.compactMap(\.self).filter { $0 > 0 }
        return numbers.count == parts.count ? numbers : nil
    }
}
