// SPDX-License-Identifier: Apache-2.0

import Testing

/// The table in `docs/architecture.md`, the manifest and the sources say the same.
@Suite
struct ArchitectureTests {
    private let table: ModuleTable
    private let targets: [String: Set<String>]

    init() throws {
        table = try ModuleTable()
        targets = try Package.declaredTargets()
    }

    @Test
    func `the table has one row for each folder of sources`() throws {
        let folders = try Package.directories(in: "Sources")
        #expect(table.rows.map(\.name).sorted() == folders)
    }

    @Test
    func `a row names only modules of lower levels`() {
        for row in table.rows {
            for name in row.ownImports.sorted() {
                #expect((table.level(of: name) ?? .max) < row.level, "\(row.name) names \(name)")
            }
        }
    }

    @Test
    func `a package enters at one module, SQLite and HTTP at the two that have databases and servers`() {
        let clients: Set = ["DrydockRegistry", "DrydockDaemon"]
        let entrances: [String: Set<String>] = [
            "ArgumentParser": ["DrydockCommands"], "AsyncHTTPClient": clients, "Crypto": ["DrydockDigests"],
            "GRDB": ["DrydockNix", "DrydockStorage"], "GRDBSQLite": ["DrydockNix"],
            "NIOCore": clients, "NIOHTTP1": clients, "NIOPosix": clients, "NIOSSL": clients,
            "Yams": ["DrydockBuild"],
        ]
        for row in table.rows {
            for package in row.packageImports.sorted() {
                #expect(entrances[package]?.contains(row.name) == true, "\(row.name) imports \(package)")
            }
        }
    }

    @Test
    func `the manifest declares what the table names`() {
        for row in table.rows {
            #expect(targets[row.name] == row.ownImports.union(row.packageImports), "\(row.name)")
        }
    }

    @Test
    func `a source file imports only what its row names`() throws {
        let ownModules = Set(table.rows.map(\.name))
        for row in table.rows {
            let allowed = row.ownImports.union(row.packageImports).union(Self.systemModules)
            for file in try Package.swiftFiles(below: "Sources/\(row.name)") {
                let forbidden = file.imports.filter { !allowed.contains($0) }
                #expect(forbidden == [], "\(file.path)")
                #expect(!file.imports.contains { $0 == row.name && ownModules.contains($0) }, "\(file.path)")
            }
        }
    }

    @Test(arguments: ["DrydockBytes", "DrydockTar", "DrydockFiles"])
    func `the inner loop knows neither Foundation nor NIO`(module: String) throws {
        for file in try Package.swiftFiles(below: "Sources/\(module)") {
            #expect(!file.imports.contains { $0.hasPrefix("Foundation") || $0.hasPrefix("NIO") }, "\(file.path)")
        }
    }

    @Test
    func `each declared dependency is imported`() throws {
        for (name, dependencies) in targets.sorted(by: { $0.key < $1.key }) {
            let folder = table.level(of: name) == nil ? "Tests/\(name)" : "Sources/\(name)"
            let imports = try Package.swiftFiles(below: folder).flatMap(\.imports)
            #expect(dependencies.subtracting(imports) == [], "\(name) does not import them")
        }
    }

    @Test
    func `each library has tests`() throws {
        for row in table.rows where row.name.hasPrefix("Drydock") {
            let files = try Package.swiftFiles(below: "Tests/\(row.name)Tests")
            #expect(files.contains { $0.text.contains("@Test") }, "\(row.name)")
        }
    }

    @Test(arguments: ["Sources", "Tests", "Benchmarks"])
    func `no file has more than 500 lines`(folder: String) throws {
        let files = try Package.swiftFiles(below: folder)
        #expect(!files.isEmpty)
        for file in files { #expect(file.lineCount <= 500, "\(file.path)") }
    }

    /// What belongs to the toolchain and the system and may be used anywhere, except Foundation in the inner loop.
    private static let systemModules: Set<String> = [
        "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Synchronization",
    ]
}
