// SPDX-License-Identifier: Apache-2.0

public import DrydockBytes
import DrydockFiles

/// The directories from which an interpreter loads what is written in its language, and which no header of a file names.
public struct InterpreterModules: Hashable, Sendable {
    /// The path of the interpreter, without links.
    public let interpreter: ByteString
    /// The script that it runs; nil if the interpreter itself was asked for.
    public let script: ByteString?
    /// Where its modules are.
    public let directories: [ByteString]
    /// Files of those directories; where one of them is, the modules are.
    public let landmarks: [ByteString]
    /// A pattern for the shared libraries among the modules, if those need further libraries.
    public let libraries: ByteString?
}

/// What is known of one language: patterns for paths below the directory that `bin` is in.
private struct Language {
    /// How the names of its interpreters begin.
    let prefix: String
    /// Files by which a directory of modules is known; `@` stands for the interpreter's name.
    let landmarks: [String]
    /// The directories that have to be there.
    let directories: [String]
    /// Those of packages, which scripts most often use.
    let packages: [String]
    /// Shared libraries among the modules.
    var libraries: String?

    static let all = [
        // Python's own way to find its prefix: <https://docs.python.org/3/library/sys_path_init.html>.
        Language(
            prefix: "python3",
            landmarks: ["lib/@/os.py", "lib64/@/os.py"],
            directories: ["lib/@", "lib64/@"],
            packages: ["lib/python3/dist-packages"],
            libraries: "lib*/@/lib-dynload/*.so"
        ),
        // In turn: Debian's perl-base, its perl, Fedora's, Arch's, and perl's own.
        Language(
            prefix: "perl",
            landmarks: [
                "lib/*/perl-base/strict.pm", "share/perl/5.*/strict.pm", "share/perl5/strict.pm",
                "share/perl5/core_perl/strict.pm", "lib/perl5/5.*/strict.pm",
            ],
            directories: ["lib/*/perl-base", "lib/*/perl", "share/perl", "share/perl5", "lib64/perl5", "lib/perl5"],
            packages: ["lib/*/perl5"]
        ),
        // In turn: that of Debian and its own, and Fedora's.
        Language(
            prefix: "ruby",
            landmarks: ["lib/ruby/*/English.rb", "share/ruby/English.rb"],
            directories: ["lib/ruby", "lib/*/ruby", "share/ruby", "lib64/ruby"],
            packages: ["share/rubygems-integration", "share/rubygems", "share/gems"]
        ),
        Language(
            prefix: "tclsh",
            landmarks: ["share/tcltk/tcl[89].*/init.tcl", "share/tcl[89].*/init.tcl", "lib/tcl[89].*/init.tcl"],
            directories: ["share/tcltk", "share/tcl[89].*", "lib/tcl[89].*"],
            packages: []
        ),
    ]

    /// The language of an interpreter of this name, which may end with a version.
    static func language(of name: ByteString) -> Language? {
        all.first { language in
            let rest = name.bytes.dropFirst(language.prefix.utf8.count)
            return name.bytes.starts(with: language.prefix.utf8)
                && rest.allSatisfy { $0 == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }
    }
}

extension ExecutableResolver {
    /// Where the interpreters in a closure load modules from, as far as that can be told without running them.
    ///
    /// An interpreter that moves is passed over: where it looks then is its own affair.
    ///
    /// - Parameter closure: What this resolver found.
    /// - Returns: One value for each interpreter whose modules are on this host, and for scripts of a package of Node.js.
    public func modules(of closure: ExecutableClosure) -> [InterpreterModules] {
        closure.files.filter { $0.path == $0.place }.compactMap { file in
            modules(of: file.path, script: file.reason.script)
        }
    }

    private func modules(of interpreter: ByteString, script: ByteString?) -> InterpreterModules? {
        let (name, folder) = (interpreter.lastComponent, interpreter.parent)
        if name == "node" || name == "nodejs" { return script.flatMap { nodeModules(interpreter, script: $0) } }
        guard folder.lastComponent == "bin", let language = Language.language(of: name) else { return nil }
        // A name without a version says nothing of the directory's.
        let version = name.bytes.contains(UInt8(ascii: ".")) ? "\(name)" : "\(name).*"
        let paths = { (patterns: [String]) in
            patterns.flatMap { self.paths(folder.parent.appending(ByteString($0.replacing("@", with: version)))) }
        }
        let landmarks = paths(language.landmarks)
        guard !landmarks.isEmpty else { return nil }
        // Where lib64 is a link to lib, each is there twice.
        var places: Set<ByteString> = []
        let directories = paths(language.directories + (script == nil ? [] : language.packages)).filter { path in
            (try? host.resolve(path)).map { $0.kind == .directory && places.insert($0.path).inserted } ?? false
        }
        let libraries = language.libraries.flatMap { paths([$0]).first?.parent.appending("*.so") }
        return InterpreterModules(
            interpreter: interpreter,
            script: script,
            directories: directories,
            landmarks: landmarks,
            libraries: libraries
        )
    }

    /// The modules beside a script that npm has installed; its package alone may need those beside it.
    private func nodeModules(_ interpreter: ByteString, script: ByteString) -> InterpreterModules? {
        let parts = script.bytes.split(separator: UInt8(ascii: "/")).map { ByteString($0) }
        guard let index = parts.firstIndex(of: "node_modules"), index + 2 < parts.count else { return nil }
        let root = parts[...index].reduce(ByteString("/")) { $0.appending($1) }
        let isScoped = parts[index + 1].bytes.first == UInt8(ascii: "@")
        let package = parts[(index + 1)...].prefix(isScoped ? 2 : 1).reduce(root) { $0.appending($1) }
        let landmarks = paths(package.appending("package.json"))
        guard !landmarks.isEmpty else { return nil }
        return InterpreterModules(
            interpreter: interpreter,
            script: script,
            directories: [root],
            landmarks: landmarks,
            libraries: nil
        )
    }

    /// What matches a pattern; nothing where a directory may not be read.
    private func paths(_ pattern: ByteString) -> [ByteString] { (try? host.paths(matching: pattern)) ?? [] }
}

extension ExecutableClosure.Reason {
    /// The script that brings an interpreter.
    fileprivate var script: ByteString? {
        switch self {
        case .interpreter(let path), .command(let path): path
        case .requested, .needed, .matches: nil
        }
    }
}
