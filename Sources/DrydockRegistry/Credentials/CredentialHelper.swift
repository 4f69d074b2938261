// SPDX-License-Identifier: Apache-2.0

import DrydockFiles
import DrydockJSON
import Glibc

/// A program `docker-credential-NAME` that keeps credentials: in a keychain, a password store, a cloud's account.
///
/// [Protocol](https://github.com/docker/docker-credential-helpers/blob/v0.8.2/README.md#development): one word as
/// argument, text or JSON through standard input and output. Its standard error is the person's.
struct CredentialHelper: Sendable {
    /// What follows `docker-credential-`.
    let name: String
    private let path: String
    private let settings: HelperSettings

    /// The most that a helper may answer, in bytes.
    static let answerLimit = 1 << 20

    /// What helpers print when they know nothing of a registry; there is no exit code for it.
    private static let nothingKnown = ["credentials not found", "no credentials server URL", "no credentials username"]

    /// A helper that is installed.
    ///
    /// - Throws: ``CredentialFailure`` if the name cannot be a part of a program's name, or there is no such program.
    init(name: String, settings: HelperSettings) throws(CredentialFailure) {
        let isName =
            !name.isEmpty && name.utf8.count <= 128
            && name.unicodeScalars.allSatisfy { scalar in
                scalar.isASCII
                    && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                        || "-_.".unicodeScalars.contains(scalar))
            }
        guard isName else { throw CredentialFailure(.helperName(name)) }
        guard let path = settings.path(of: "docker-credential-\(name)") else {
            throw CredentialFailure(.helperMissing(name))
        }
        self.name = name
        self.path = path
        self.settings = settings
    }

    /// The credentials of a registry; ``RegistryCredentials/none`` if the helper has none.
    func get(_ server: String) async throws -> RegistryCredentials {
        let result = try await run("get", server, input: server)
        guard result.status == 0 else {
            let text = String(decoding: result.output, as: UTF8.self)
            if Self.nothingKnown.contains(where: text.contains) { return .none }
            // A helper that fails after it has begun to answer must not show the answer.
            throw failure("get", server, text.contains("\"Secret\"") ? "it ended with status \(result.status)" : text)
        }
        guard let answer = try? JSONMembers(parsing: result.output),
            case .string(let user)? = answer.remaining["Username"],
            case .string(let secret)? = answer.remaining["Secret"]
        else { throw CredentialFailure(.helperAnswer(name, registry: server)) }
        if user.isEmpty, secret.isEmpty { return .none }
        return user == AuthFile.Entry.tokenUser ? .identityToken(Secret(secret)) : .basic(user: user, Secret(secret))
    }

    /// Gives credentials to the helper to keep.
    func store(_ server: String, _ credentials: RegistryCredentials) async throws {
        let pair: (user: String, secret: Secret)
        switch credentials {
        case .none: return try await erase(server)
        case .basic(let user, let password): pair = (user, password)
        case .identityToken(let token): pair = (AuthFile.Entry.tokenUser, token)
        }
        let request: [String: String] = ["ServerURL": server, "Username": pair.user, "Secret": pair.secret.revealed]
        let input = String(decoding: CanonicalJSON.encode(request), as: UTF8.self)
        let result = try await run("store", server, input: input)
        guard result.status != 0 else { return }
        let text = String(decoding: result.output, as: UTF8.self)
        throw failure("store", server, text.replacing(pair.secret.revealed, with: "\(pair.secret)"))
    }

    /// Lets the helper forget a registry; that it knows nothing of it is no error.
    func erase(_ server: String) async throws {
        let result = try await run("erase", server, input: server)
        guard result.status != 0 else { return }
        let text = String(decoding: result.output, as: UTF8.self)
        if !Self.nothingKnown.contains(where: text.contains) { throw failure("erase", server, text) }
    }

    /// Runs it to its end, on a thread that may wait.
    private func run(_ action: String, _ server: String, input: String) async throws -> ChildProgram.Answer {
        let program = ChildProgram(
            [path, action],
            environment: settings.environment,
            answerLimit: Self.answerLimit,
            timeout: settings.timeout
        )
        do {
            return try await BlockingPool.withPool(width: 1) { _ in try program.run(input: Array(input.utf8)) }
        } catch ChildProgram.Failure.tooSlow {
            let seconds = Int(settings.timeout.components.seconds)
            throw CredentialFailure(.helperTooSlow(name, action: action, registry: server, seconds: seconds))
        } catch ChildProgram.Failure.notStarted {
            throw failure(action, server, "it cannot be started")
        } catch ChildProgram.Failure.answerTooLong {
            throw failure(action, server, "its answer has more than \(Self.answerLimit) bytes")
        }
    }

    private func failure(_ action: String, _ server: String, _ message: String) -> CredentialFailure {
        let line = message.split(whereSeparator: \.isNewline).first.map(String.init) ?? "it said nothing"
        return CredentialFailure(
            .helperFailed(name, action: action, registry: server, message: line.clippedForMessage)
        )
    }
}

/// How credential helpers are found and run.
public struct HelperSettings: Sendable {
    /// The directories in which programs are looked for.
    public var searchPath: [String]
    /// The variables that they see.
    public var environment: [String: String]
    /// How long one may take; some ask the person for a password.
    public var timeout: Duration

    /// Helpers of these directories.
    public init(searchPath: [String], environment: [String: String], timeout: Duration = .seconds(120)) {
        self.searchPath = searchPath
        self.environment = environment
        self.timeout = timeout
    }
}

extension HelperSettings {
    /// Where the search path has a program.
    func path(of program: String) -> String? {
        searchPath.map { "\($0)/\(program)" }.first { unsafe access($0, X_OK) == 0 }
    }
}
