// SPDX-License-Identifier: Apache-2.0

import DrydockLayering
import Testing

@Suite
struct LayeringPipelineParsingTests {
    @Test
    func `every function is read`() throws {
        let pipeline = try LayeringPipeline(parsing: [
            ["popularity_contest"], ["limit_layers", 3], ["split_every", 2], ["reverse"], ["flatten"],
            ["remove_paths", "a"], ["remove_paths", ["a", "b"]], ["map", ["reverse"]],
            ["over", "main", ["pipe", [["flatten"], ["reverse"]]]], ["subcomponent_out", ["a"]],
            ["subcomponent_in", []], ["split_paths", ["a", ["children_of": "b"], ["children_of": ["c", "d"]]]],
            ["reorder", ["rest", "main"]],
        ])
        #expect(
            pipeline.steps == [
                .popularityContest, .limitLayers(3), .splitEvery(2), .reverse, .flatten,
                .removePaths(["a"]), .removePaths(["a", "b"]), .map(.reverse),
                .over(key: "main", .pipe([.flatten, .reverse])), .subcomponentOut(["a"]),
                .subcomponentIn([]), .splitPaths([.path("a"), .childrenOf(["b"]), .childrenOf(["c", "d"])]),
                .reorder(["rest", "main"]),
            ]
        )
    }

    struct Mistake: Sendable, CustomTestStringConvertible {
        let value: PipelineValue
        /// What follows the beginning that all have.
        let text: String

        init(_ value: PipelineValue, _ text: String) {
            self.value = value
            self.text = text
        }

        var testDescription: String { text }
    }

    static let mistakes = [
        Mistake("reverse", "expected a list of functions, got a string"),
        Mistake(["reverse"], "expected a list of a function's name and its arguments, got a string"),
        Mistake([["a": 1]], "expected a list of a function's name and its arguments, got an object"),
        Mistake([[]], "expected a function's name at the start of a list, got an empty list"),
        Mistake([[3]], "expected a function's name at the start of a list, got an integer"),
        Mistake(
            [["sort"]],
            "no function has the name 'sort'\nhint: the functions are popularity_contest, split_every, limit_layers, "
                + "reverse, flatten, remove_paths, subcomponent_out, subcomponent_in, split_paths, map, over, pipe, reorder"
        ),
        Mistake([["reverse", 1]], "'reverse' has the wrong number of arguments: expected 0, got 1"),
        Mistake([["over", "main"]], "'over' has the wrong number of arguments: expected 2, got 1"),
        Mistake([["limit_layers", 0]], "argument 'count' of 'limit_layers' is wrong: expected at least 1, got 0"),
        Mistake(
            [["split_every", "2"]],
            "argument 'count' of 'split_every' is wrong: expected an integer, got a string"
        ),
        Mistake([["over", 1, ["reverse"]]], "argument 'key' of 'over' is wrong: expected a string, got an integer"),
        Mistake([["map", "reverse"]], "expected a list of a function's name and its arguments, got a string"),
        Mistake([["pipe", ["a": 1]]], "expected a list of functions, got an object"),
        Mistake(
            [["subcomponent_out", "a"]],
            "argument 'paths' of 'subcomponent_out' is wrong: expected a list of strings, got a string"
        ),
        Mistake(
            [["subcomponent_in", [1]]],
            "argument 'paths' of 'subcomponent_in' is wrong: expected a list of strings, got a list that holds an integer"
        ),
        Mistake(
            [["remove_paths", 1]],
            "argument 'paths' of 'remove_paths' is wrong: expected a string or a list of strings, got an integer"
        ),
        Mistake(
            [["split_paths", "a"]],
            "argument 'paths' of 'split_paths' is wrong: expected a list of strings and objects, got a string"
        ),
        Mistake(
            [["split_paths", [["a"]]]],
            "argument 'paths' of 'split_paths' is wrong: expected a list of strings and objects, got a list that holds a list"
        ),
        Mistake(
            [["split_paths", [["children": "a"]]]],
            "argument 'paths' of 'split_paths' is wrong: expected an object with the key 'children_of' alone, got 'children'"
        ),
        Mistake(
            [["split_paths", [["children_of": 4]]]],
            "argument 'children_of' of 'split_paths' is wrong: expected a string or a list of strings, got an integer"
        ),
        Mistake([["reorder", 4]], "argument 'keys' of 'reorder' is wrong: expected a list of strings, got an integer"),
    ]

    @Test(arguments: mistakes)
    func `a mistake is refused with what was expected`(mistake: Mistake) {
        let failure = #expect(throws: LayeringFailure.self) { try LayeringPipeline(parsing: mistake.value) }
        #expect(failure?.description == "Cannot read the layering pipeline: " + mistake.text)
    }

    @Test
    func `functions nested too deeply are refused`() throws {
        var value: PipelineValue = ["reverse"]
        for _ in 0..<63 { value = ["map", value] }
        _ = try LayeringPipeline(parsing: [value])
        let failure = #expect(throws: LayeringFailure.self) { try LayeringPipeline(parsing: [["map", value]]) }
        #expect(
            failure?.description == "Cannot read the layering pipeline: its functions are nested more than 64 deep"
        )
    }
}
