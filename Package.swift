// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import Foundation
import PackageDescription

/// Every Swift target is compiled with the same settings; a reader finds the reason for each in its proposal.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
    .enableUpcomingFeature("InferIsolatedConformances"),  // SE-0470
    .enableUpcomingFeature("ImmutableWeakCaptures"),  // SE-0481
    .strictMemorySafety(),  // SE-0458
    .treatAllWarnings(as: .error),  // SE-0480
    .treatWarning("DeprecatedDeclaration", as: .warning),
    .treatWarning("ExplicitSendable", as: .error),
]

let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// A library module of level 0 to 5; `docs/architecture.md` says what each is for and what it may import.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The tests of one module, or of several together.
///
/// They find their fixtures beside their own source files.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: fixtures(of: name), swiftSettings: settings)
}

/// `Fixtures` of a test target, if it has any: data, not sources.
func fixtures(of name: String) -> [String] {
    let folder = Context.packageDirectory + "/Tests/" + name + "/Fixtures"
    return FileManager.default.fileExists(atPath: folder) ? ["Fixtures"] : []
}

let package = Package(
    name: "drydock",
    products: [
        .library(name: "DrydockBuild", targets: ["DrydockBuild"]),
        .executable(name: "drydock", targets: ["drydock"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    ],
    targets: [
        // Level 0
        .target(name: "CDrydockHost"),
        .systemLibrary(
            name: "CDrydockCompression",
            providers: [.apt(["libbz2-dev", "libdeflate-dev", "liblzma-dev", "libzstd-dev", "zlib1g-dev"])]
        ),
        module("DrydockBytes"),
        module("DrydockJSON"),
        module("DrydockLayering"),
        // Level 1
        module("DrydockDigests", ["DrydockBytes", crypto]),
        module("DrydockTar", ["DrydockBytes"]),
        module("DrydockFiles", ["CDrydockHost", "DrydockBytes"]),
        module("DrydockCompression", ["CDrydockCompression"]),
        // Level 2
        module("DrydockOCI", ["DrydockDigests", "DrydockJSON"]),
        module("DrydockNix", ["DrydockBytes", "DrydockDigests", "DrydockJSON", grdb, grdbSQLite]),
        // Level 3
        module(
            "DrydockPackages",
            ["DrydockBytes", "DrydockDigests", "DrydockNix", "DrydockFiles", "DrydockTar", "DrydockCompression"]
        ),
        module("DrydockSandbox", ["CDrydockHost", "DrydockBytes", "DrydockFiles"]),
        module(
            "DrydockStorage",
            [
                "DrydockBytes", "DrydockJSON", "DrydockOCI", "DrydockDigests", "DrydockFiles", "DrydockTar",
                "DrydockCompression", grdb,
            ]
        ),
        module(
            "DrydockRegistry",
            [
                "DrydockBytes", "DrydockJSON", "DrydockFiles", "DrydockOCI", "DrydockDigests", asyncHTTPClient, nioCore,
                nioHTTP1, nioPosix, nioSSL,
            ]
        ),
        module(
            "DrydockDaemon",
            [
                "DrydockJSON", "DrydockFiles", "DrydockOCI", "DrydockDigests", asyncHTTPClient, nioCore, nioHTTP1,
                nioPosix, nioSSL,
            ]
        ),
        // Level 4
        module(
            "DrydockBuild",
            [
                "DrydockBytes", "DrydockJSON", "DrydockLayering", "DrydockDigests", "DrydockTar", "DrydockFiles",
                "DrydockCompression", "DrydockOCI", "DrydockNix", "DrydockPackages", "DrydockSandbox", "DrydockStorage",
                "DrydockRegistry", "DrydockDaemon", yams,
            ]
        ),
        // Level 5
        module(
            "DrydockCommands",
            [
                "DrydockBuild", "DrydockSandbox", "DrydockStorage", "DrydockRegistry", "DrydockPackages",
                "DrydockOCI", "DrydockJSON", "DrydockBytes", "DrydockDaemon",
                "DrydockDigests", "DrydockFiles", "DrydockCompression", argumentParser,
            ]
        ),
        // Level 6
        .executableTarget(name: "drydock", dependencies: ["DrydockCommands"], swiftSettings: settings),
        // Benchmarks
        .executableTarget(
            name: "layering-benchmark",
            dependencies: ["DrydockLayering"],
            path: "Benchmarks/LayeringBenchmark",
            swiftSettings: settings
        ),
        // Programs for tests
        .executableTarget(
            name: "ownership-harness",
            dependencies: ["CDrydockHost", "DrydockFiles", "DrydockSandbox"],
            path: "Tests/OwnershipHarness",
            swiftSettings: settings
        ),
        // Tests
        .target(
            name: "DrydockTestSupport",
            dependencies: [asyncHTTPClient, nioCore, nioHTTP1, nioPosix],
            path: "Tests/DrydockTestSupport",
            exclude: fixtures(of: "DrydockTestSupport"),
            swiftSettings: settings
        ),
        tests("ArchitectureTests", []),
        tests("DrydockBytesTests", ["DrydockBytes"]),
        tests("DrydockLayeringTests", ["DrydockLayering"]),
        tests("DrydockDigestsTests", ["DrydockDigests"]),
        tests("DrydockTarTests", ["DrydockBytes", "DrydockTar", "DrydockTestSupport"]),
        tests("DrydockFilesTests", ["DrydockBytes", "DrydockFiles", "DrydockTestSupport"]),
        tests("DrydockCompressionTests", ["DrydockCompression"]),
        tests("DrydockJSONTests", ["DrydockJSON"]),
        tests("DrydockOCITests", ["DrydockOCI", "DrydockJSON", "DrydockDigests", "DrydockTestSupport"]),
        tests("DrydockNixTests", ["DrydockBytes", "DrydockDigests", "DrydockNix", "DrydockTestSupport", grdb]),
        tests(
            "DrydockPackagesTests",
            [
                "DrydockBytes", "DrydockDigests", "DrydockFiles", "DrydockNix", "DrydockPackages", "DrydockTar",
                "DrydockTestSupport",
            ]
        ),
        tests(
            "DrydockSandboxTests",
            ["CDrydockHost", "DrydockBytes", "DrydockFiles", "DrydockSandbox", "DrydockTestSupport"]
        ),
        tests(
            "DrydockStorageTests",
            [
                "DrydockCompression", "DrydockDigests", "DrydockFiles", "DrydockJSON", "DrydockOCI", "DrydockStorage",
                "DrydockTestSupport",
            ]
        ),
        tests("DrydockDaemonTests", ["DrydockDaemon", "DrydockDigests", "DrydockTestSupport"]),
        tests(
            "DrydockBuildTests",
            [
                "DrydockBuild", "DrydockBytes", "DrydockCompression", "DrydockDigests", "DrydockFiles", "DrydockJSON",
                "DrydockLayering", "DrydockOCI", "DrydockPackages", "DrydockSandbox", "DrydockStorage", "DrydockTar",
                "DrydockTestSupport",
            ]
        ),
        tests(
            "DrydockCommandsTests",
            ["DrydockCommands", "DrydockCompression", "DrydockDigests", "DrydockStorage", "DrydockTestSupport"]
        ),
        tests(
            "DrydockRegistryTests",
            ["DrydockRegistry", "DrydockDigests", "DrydockJSON", "DrydockOCI", "DrydockTestSupport", nioHTTP1]
        ),
        tests("InteropTests", ["DrydockDigests", "DrydockTestSupport"]),
        tests("NixLibraryTests", ["DrydockTestSupport"]),
    ]
)
