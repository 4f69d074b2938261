// SPDX-License-Identifier: Apache-2.0

/// What a run may use at most; nil is no limit.
public struct SandboxLimits: Hashable, Sendable {
    /// Seconds until the program is ended.
    public var seconds: Int?
    /// Bytes on disk that may be written: exact for one file, measured several times a second for all together.
    public var diskBytes: Int64?
    /// Processes at one time: exact where the kernel counts them, else counted several times a second.
    public var processes: Int?

    /// Bytes of memory that all processes together may have; refused where no control group can be made.
    public var memoryBytes: Int64?

    /// Limits that no usual script reaches.
    public static let standard = SandboxLimits(seconds: nil, diskBytes: 64 << 30, processes: 4_096)

    /// Limits for a run.
    public init(seconds: Int? = nil, diskBytes: Int64? = nil, processes: Int? = nil, memoryBytes: Int64? = nil) {
        self.memoryBytes = memoryBytes
        self.seconds = seconds
        self.diskBytes = diskBytes
        self.processes = processes
    }
}

/// How a program in a sandbox ended.
public struct SandboxEnding: Hashable, Sendable {
    /// How the program itself ended.
    public enum Status: Hashable, Sendable {
        /// It ended by itself, with an exit status.
        case exited(Int32)
        /// A signal ended it.
        case signalled(Int32)
    }

    /// The limit for which the program was ended.
    public enum Limit: Hashable, Sendable {
        /// It took too long.
        case time
        /// It wrote too much.
        case disk
        /// It started too many processes.
        case processes
        /// It had too much memory.
        case memory
    }

    /// How the program itself ended.
    public let status: Status
    /// The limit for which it was ended, if it was.
    public let limit: Limit?

    /// What `waitpid` says, and why the program was ended.
    init(waitStatus: Int32, reason: Int32) {
        let signal = waitStatus & 0x7F
        status = signal == 0 ? .exited(waitStatus >> 8 & 0xFF) : .signalled(signal)
        limit =
            switch reason {
            case 1: .time
            case 2: .disk
            case 3: .processes
            default: nil
            }
    }

    init(status: Status, limit: Limit?) {
        self.status = status
        self.limit = limit
    }

    /// Whether the program ended by itself and says that all went well.
    public var isSuccess: Bool { status == .exited(0) && limit == nil }

    /// The exit status as a shell has it: 128 and the number of a signal.
    public var exitCode: Int32 {
        switch status {
        case .exited(let code): code
        case .signalled(let signal): 128 + signal
        }
    }
}
