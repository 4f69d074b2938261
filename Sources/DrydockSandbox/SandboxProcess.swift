// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockFiles
import Glibc

/// Starts the child, maps its ids, and reads what it tells until it ends.
///
/// Blocks.
struct SandboxProcess {
    let plan: SandboxPlan
    let control: SandboxControl
    /// Takes what the program writes, if that is collected.
    let output: ([UInt8]) -> Void

    /// Runs the sandbox to its end.
    ///
    /// - Throws: ``SandboxFailure``; `SystemError` for the pipes; `CancellationError`.
    func run() throws -> SandboxReport {
        let result = try unsafe DescriptorPair(of: drydock_pipe)
        let written = try unsafe DescriptorPair(of: drydock_pipe)
        let terminal = plan.streams == .terminal ? try SandboxTerminal() : nil
        let relay = plan.streams == .inherited ? try SandboxRelay() : nil
        let memory = try plan.limits.memoryBytes.map { limit in try MemoryGroup(limit: limit) }
        let supervision = plan.emulation == .none ? nil : try OwnershipSupervision(plan: plan)
        let nothing = try OwnedDescriptor(opening: "/dev/null", flags: O_RDWR)
        let streams: (Int32, Int32, Int32) =
            switch plan.streams {
            case .collected: (nothing.number, written.second.number, written.second.number)
            case .inherited: (STDIN_FILENO, relay?.ends.output ?? STDOUT_FILENO, relay?.ends.error ?? STDERR_FILENO)
            case .terminal: (terminal?.end ?? -1, terminal?.end ?? -1, terminal?.end ?? -1)
            }
        let process = try start(result.second.number, supervision, streams: streams)
        // The child's ends: only when nobody else has them, their end is noticed.
        let reader = result.takeFirst()
        let outputReader = written.takeFirst()
        terminal?.giveAway()
        relay?.giveAway()
        supervision?.giveAway()
        defer { supervision?.finish() }
        defer { withExtendedLifetime(memory) { _ = drydock_wait(process) } }
        defer { control.finish() }
        try memory?.add(process)
        try IdentityMapping(plan: plan).write(for: process)
        control.send(byte: Self.beginning)
        let channels = Channels(supervision: supervision, terminal: terminal, relay: relay)
        var report = try listen(reader.number, outputReader.number, channels)
        try relay?.finish()
        let isShortOfMemory = memory?.hasEndedProcess == true
        // It may have been the first process, which tells of all others.
        guard report.isDone || isShortOfMemory else { throw SandboxFailure(.ended) }
        if isShortOfMemory, report.ending?.isSuccess != true {
            report.ending = SandboxEnding(status: report.ending?.status ?? .signalled(SIGKILL), limit: .memory)
        }
        return report
    }

    /// What lets the child begin.
    private static let beginning: UInt8 = 1

    /// What a run has beside its messages and its output, as far as it has it.
    private struct Channels {
        let supervision: OwnershipSupervision?
        let terminal: SandboxTerminal?
        let relay: SandboxRelay?

        var isOpen: Bool { terminal?.isOpen == true || relay?.isOpen == true }

        /// What is to be waited for: the listener, and what carries the program's streams.
        func events(_ report: SandboxReport) -> [pollfd] {
            [supervision?.event(report) ?? Self.nothing] + (terminal?.events() ?? relay?.events() ?? [])
        }

        /// Passes on what is there.
        func pass(_ events: ArraySlice<pollfd>) {
            terminal?.pass(events)
            relay?.pass(events)
        }

        /// Nothing to wait for.
        private static let nothing = pollfd(fd: -1, events: 0, revents: 0)
    }

    private func start(
        _ result: Int32,
        _ supervision: OwnershipSupervision?,
        streams: (Int32, Int32, Int32)
    ) throws -> Int32 {
        let controls = try unsafe DescriptorPair(of: drydock_socket_pair)
        let arena = SandboxArena()
        var raw = unsafe plan.raw(in: arena)
        unsafe raw.streams = streams
        unsafe raw.control = controls.second.number
        unsafe raw.result = result
        unsafe raw.listener_socket = supervision?.end ?? -1
        let process = withExtendedLifetime(arena) { unsafe drydock_sandbox_start(&raw) }
        guard process >= 0 else { throw SandboxFailure(.noNamespaces(errorNumber: -process)) }
        control.adopt(controls.takeFirst().release())
        return process
    }

    /// How long a cancelled run goes on at most, in milliseconds.
    private static let patience: Int32 = 100

    /// Reads messages and output until the child has closed both, or the task is cancelled.
    ///
    /// - Returns: What it told; it may have been ended in the middle.
    private func listen(_ result: Int32, _ written: Int32, _ channels: Channels) throws -> SandboxReport {
        var reader = MessageReader()
        channels.terminal?.begin()
        defer { channels.terminal?.finish() }
        var events = [
            pollfd(fd: result, events: Int16(POLLIN), revents: 0),
            pollfd(fd: written, events: Int16(POLLIN), revents: 0),
        ]
        while events[0].fd >= 0 || events[1].fd >= 0 || channels.isOpen {
            events = events[..<2] + channels.events(reader.report)
            guard unsafe poll(&events, nfds_t(events.count), Self.patience) >= 0 else {
                // What the last round found is no news.
                if errno == EINTR { continue }
                break
            }
            channels.pass(events[3...])
            if events[2].revents != 0 { try channels.supervision?.begin(reader.report) }
            if Task.isCancelled { control.end() }
            if events[0].revents != 0, let bytes = Self.read(result) {
                if bytes.isEmpty { events[0].fd = -1 }
                try reader.append(bytes)
            }
            if events[1].revents != 0, let bytes = Self.read(written) {
                if bytes.isEmpty { events[1].fd = -1 }
                output(bytes)
            }
        }
        try Task.checkCancellation()
        if let failure = reader.failure { throw plan.failure(failure) }
        var report = reader.report
        report.emulated = channels.supervision.map { SandboxReport.Emulated(kind: plan.emulation, table: $0.table) }
        return report
    }

    /// What is there to be read; empty at the end, nil if there is nothing just now.
    static func read(_ descriptor: Int32) -> [UInt8]? {
        let capacity = 64 << 10
        var count = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, initialized in
            count = unsafe Glibc.read(descriptor, buffer.baseAddress, capacity)
            initialized = max(count, 0)
        }
        return count < 0 ? nil : bytes
    }
}

/// Two connected descriptors; the second one is the child's.
struct DescriptorPair: ~Copyable {
    let first: OwnedDescriptor
    let second: OwnedDescriptor

    init(of make: (UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>) -> Int32) throws(SystemError) {
        var numbers: (Int32, Int32) = (-1, -1)
        _ = try checked(unsafe make(&numbers.0, &numbers.1), "open", "a pipe")
        first = OwnedDescriptor(adopting: numbers.0)
        second = OwnedDescriptor(adopting: numbers.1)
    }

    /// The first one; the second is closed.
    consuming func takeFirst() -> OwnedDescriptor { first }
}

extension SandboxPlan {
    /// What a program keeps: the capabilities that Docker gives to containers.
    private static let capabilities: UInt64 = [
        0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31,
    ].reduce(0) { $0 | 1 << UInt64($1) }

    /// The plan as C has it, without descriptors; its texts live as long as the arena.
    fileprivate func raw(in arena: SandboxArena) -> drydock_sandbox_plan {
        var raw = unsafe drydock_sandbox_plan()
        unsafe raw.namespaces = namespaces
        unsafe raw.becomes_root = mode == .subordinate ? 1 : 0
        unsafe raw.sets_groups = mode == .single ? 0 : 1
        unsafe raw.emulation = Int32(emulation.raw.rawValue)
        unsafe raw.steps = arena.array(steps.map { unsafe $0.raw(in: arena) })
        unsafe raw.step_count = steps.count
        let programs = unsafe arena.strings(self.programs)
        unsafe raw.programs = UnsafeRawPointer(programs).assumingMemoryBound(to: UnsafePointer<CChar>.self)
        unsafe raw.program_count = self.programs.count
        unsafe raw.arguments = UnsafePointer(arena.strings(arguments))
        unsafe raw.environment = UnsafePointer(arena.strings(environment))
        unsafe raw.directory = arena.string(Optional(directory))
        unsafe raw.uid = realUser.uid
        unsafe raw.gid = realUser.gid
        unsafe raw.groups = UnsafePointer(arena.array(user.groups))
        unsafe raw.group_count = user.groups.count
        unsafe raw.new_session = 1
        unsafe raw.controls_terminal = streams == .terminal ? 1 : 0
        unsafe raw.capabilities = Self.capabilities
        unsafe raw.time_limit_milliseconds = UInt64(limits.seconds ?? 0) * 1_000
        unsafe raw.disk_limit = UInt64(limits.diskBytes ?? 0)
        unsafe raw.process_limit = UInt64(limits.processes ?? 0)
        unsafe raw.changes_slot = changesSlot
        unsafe raw.changes_path = arena.string(Optional(changesPath))
        unsafe raw.reclaims = mode == .root ? 0 : 1
        unsafe raw.control_group = -1
        return unsafe raw
    }

    /// A failure in words.
    fileprivate func failure(_ failure: MessageReader.Failure) -> SandboxFailure {
        switch UInt32(failure.stage) {
        case DRYDOCK_STAGE_EXECUTE.rawValue:
            SandboxFailure(.notExecutable(program: arguments.first ?? "", errorNumber: failure.errorNumber))
        case DRYDOCK_STAGE_COLLECT.rawValue: SandboxFailure(.unreadableChanges(errorNumber: failure.errorNumber))
        case DRYDOCK_STAGE_LISTENER.rawValue: SandboxFailure(.noEmulation(errorNumber: failure.errorNumber))
        default: SandboxFailure(.setUp(what: purpose(ofStage: failure.stage), errorNumber: failure.errorNumber))
        }
    }

    private func purpose(ofStage stage: Int) -> String {
        if steps.indices.contains(stage) { return steps[stage].purpose }
        return switch UInt32(stage) {
        case DRYDOCK_STAGE_IDENTITY.rawValue: "become root"
        case DRYDOCK_STAGE_FORK.rawValue: "start a process"
        case DRYDOCK_STAGE_STREAMS.rawValue: "connect standard streams"
        case DRYDOCK_STAGE_LIMITS.rawValue: "set limits"
        case DRYDOCK_STAGE_DIRECTORY.rawValue: "enter '\(directory)'"
        case DRYDOCK_STAGE_CAPABILITIES.rawValue: "give capabilities up"
        case DRYDOCK_STAGE_USER.rawValue: "become user \(user.uid)"
        default: "filter system calls"
        }
    }
}
