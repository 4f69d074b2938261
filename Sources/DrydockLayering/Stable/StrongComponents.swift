// SPDX-License-Identifier: Apache-2.0

/// The sets of vertices that reach each other, numbered so that a component follows everything it refers to.
///
/// This is Tarjan's algorithm with a stack of its own: a chain of 100,000 references must not exhaust the thread's.
struct StrongComponents {
    /// The component of each vertex.
    private(set) var componentOf: [Int]
    /// The number of components.
    private(set) var count = 0

    private static let unseen = -1
    private static let onStack = -2

    private var numberOf: [Int]
    private var lowest: [Int]
    private var open: [Int] = []
    private var numbered = 0

    /// The components of a graph; vertex `v` refers to `references[bounds[v]..<bounds[v + 1]]`.
    init(references: [Int], bounds: [Int]) {
        let vertices = bounds.count - 1
        componentOf = Array(repeating: Self.unseen, count: vertices)
        numberOf = Array(repeating: Self.unseen, count: vertices)
        lowest = Array(repeating: 0, count: vertices)
        for vertex in 0..<vertices where numberOf[vertex] == Self.unseen {
            search(from: vertex, references: references, bounds: bounds)
        }
    }

    private mutating func search(from start: Int, references: [Int], bounds: [Int]) {
        var path = [(vertex: start, next: bounds[start])]
        enter(start)
        while let (vertex, next) = path.last {
            if next < bounds[vertex + 1] {
                path[path.count - 1].next += 1
                let reference = references[next]
                if numberOf[reference] == Self.unseen {
                    enter(reference)
                    path.append((reference, bounds[reference]))
                } else if componentOf[reference] == Self.onStack {
                    lowest[vertex] = min(lowest[vertex], numberOf[reference])
                }
            } else {
                path.removeLast()
                if let user = path.last?.vertex { lowest[user] = min(lowest[user], lowest[vertex]) }
                if lowest[vertex] == numberOf[vertex] { close(vertex) }
            }
        }
    }

    private mutating func enter(_ vertex: Int) {
        numberOf[vertex] = numbered
        lowest[vertex] = numbered
        numbered += 1
        componentOf[vertex] = Self.onStack
        open.append(vertex)
    }

    /// Everything on the stack down to the vertex is one component.
    private mutating func close(_ vertex: Int) {
        while let member = open.popLast() {
            componentOf[member] = count
            if member == vertex { break }
        }
        count += 1
    }
}
