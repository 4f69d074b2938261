// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockBytes
import DrydockFiles
import Glibc

/// The steps that make the file system of a sandbox, in the order in which they are carried out.
struct SandboxLayout {
    let root: SandboxRoot
    let program: SandboxProgram
    let mode: SandboxMode
    let workspace: String
    /// Whether `root` in the workspace is a copy, because overlayfs is refused.
    let isCopy: Bool
    let limits: SandboxLimits
    /// Whether owners are emulated.
    var emulatesOwnership = false

    /// Slots of trees and directories that are opened before the root changes.
    enum Slot {
        static let changes: Int32 = 0
        static let processes: Int32 = 1
        static let layer: Int32 = 2
        static let system: Int32 = 3
        static let firstDevice: Int32 = 4
        static let firstHostTree: Int32 = 12
        static let firstBind: Int32 = 32
        /// The directory that paths of owners are relative to, see `give_owners_back`.
        static let workspace = Int32(DRYDOCK_SLOT_COUNT) - 1
    }

    private static let devices = ["null", "zero", "full", "random", "urandom", "tty"]
    /// Parts of /proc that tell of the machine, or change it.
    private static let hidden = [
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats",
    ]
    private static let sealed = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]

    /// All steps.
    func steps() -> [SandboxStep] {
        let opening: [SandboxStep] = [.privateMounts, .enter(workspace), .open(".", slot: Slot.workspace)]
        return opening + owners() + mounting() + taking() + [.pivot(to: program.view == .inside ? "root" : "host")]
            + placing()
    }

    // MARK: Before the root changes

    private func owners() -> [SandboxStep] {
        let base = Array((isCopy ? "root" : "lower\(max(root.lower.count - 1, 0))").utf8)
        let inner = root.owners.flatMap { owner in
            let path = owner.path.isEmpty ? base : base + [UInt8(ascii: "/")] + owner.path.bytes
            return steps(for: owner, at: ByteString(path))
        }
        guard !isCopy, mode != .single, let owner = root.owners.first(where: { $0.path.isEmpty }) else { return inner }
        // The root directory of an overlay is that of its upper one.
        return inner + [.owner(of: "upper", owner)]
    }

    private func steps(for owner: SandboxRoot.Owner, at path: ByteString) -> [SandboxStep] {
        if mode == .single {
            // One mapped id: no other can be an owner, but by emulation.
            let step = SandboxStep.owner(of: path, .init(path: owner.path, uid: 0, gid: 0, mode: owner.mode))
            // A build of Nix may not set these bits.
            return [owner.mode & 0o6000 == 0 ? step : step.optional]
        }
        let capability = owner.capability.map { [SandboxStep.capability(of: path, owner, $0)] } ?? []
        return [.owner(of: path, owner)] + capability
    }

    private func mounting() -> [SandboxStep] {
        // Opened before something is mounted there: what is mounted in the sandbox is no part of the changes.
        if isCopy { return [.open("root", slot: Slot.changes), .bind("root", on: "root")] }
        let lower = root.lower.isEmpty ? ["empty"] : root.lower.indices.reversed().map { "lower\($0)" }
        // What a user's namespace may write are attributes of users; and names are never redirected, so that every
        // change is an entry in the upper directory.
        let options = mode == .root ? "redirect_dir=off,metacopy=off" : "userxattr"
        let places = "lowerdir=\(lower.joined(separator: ":")),upperdir=upper,workdir=work"
        let overlay = SandboxStep.mount(
            "overlay",
            on: "root",
            flags: SandboxStep.Mount.withoutDevices,
            options: "\(places),\(options)"
        )
        return [overlay.with { $0.purpose = SandboxLayout.overlayPurpose }, .open("upper", slot: Slot.changes)]
    }

    /// By this the failure of the one step is known that can be done otherwise.
    static let overlayPurpose = "mount the layers as one file system"

    private func taking() -> [SandboxStep] {
        var steps = Self.devices.indices.map { index in
            SandboxStep.takeTree("/dev/\(Self.devices[index])", slot: Slot.firstDevice + Int32(index), recursive: false)
                .optional
        }
        steps += Self.kernelTrees()
        for (index, bind) in program.binds.enumerated() {
            let slot = Slot.firstBind + Int32(index)
            steps.append(.takeTree(bind.source, slot: slot))
            if bind.isReadOnly { steps.append(.sealTree(bind.source, slot: slot)) }
        }
        guard program.view == .beside else { return steps }
        steps.append(.takeTree("root", slot: Slot.layer))
        return steps + HostView.taking(from: Slot.firstHostTree) + [
            .mount("tmpfs", on: "host", flags: SandboxStep.Mount.withoutDevices, options: "mode=0755")
        ]
    }

    /// /proc and /sys: they may be mounted only as long as those of the machine are in sight.
    private static func kernelTrees() -> [SandboxStep] {
        let flags =
            SandboxStep.Mount.withoutSetuid | SandboxStep.Mount.withoutDevices | SandboxStep.Mount.withoutPrograms
        return [
            // Where parts of /proc are hidden, as in a container, a new one is refused, and that one has to do.
            SandboxStep.takeTree("/proc", slot: Slot.processes).optional,
            SandboxStep.mount("proc", on: "proc", flags: flags).optional,
            SandboxStep.takeTree("proc", slot: Slot.processes).therefore,
            SandboxStep.mount("sysfs", on: "sys", flags: flags | SandboxStep.Mount.readOnly).optional,
            SandboxStep.takeTree("sys", slot: Slot.system).therefore,
        ]
    }

    // MARK: After the root has changed

    private func placing() -> [SandboxStep] {
        var steps: [SandboxStep] = []
        if program.view == .beside {
            steps += HostView.placing(from: Slot.firstHostTree)
            steps += [.directory(SandboxProgram.layerPath), .placeTree(slot: Slot.layer, on: SandboxProgram.layerPath)]
        }
        return steps + records() + processes() + devices() + system() + surroundings() + binds() + start()
    }

    /// Notes the owners that the program is told of, while nothing is mounted over them yet.
    private func records() -> [SandboxStep] {
        guard emulatesOwnership else { return [] }
        let place = Array((program.view == .inside ? "" : SandboxProgram.layerPath).utf8)
        return root.owners.filter { !$0.record.isPlain }.map { owner in
            .record(owner, at: ByteString(place + [UInt8(ascii: "/")] + owner.path.bytes))
        }
    }

    private func processes() -> [SandboxStep] {
        var steps: [SandboxStep] = [
            SandboxStep.directory("/proc").scaffold("proc"),
            SandboxStep.placeTree(slot: Slot.processes, on: "/proc").optional,
        ]
        if let limit = limits.processes, KernelVersion.present.countsProcessesByNamespace {
            // Numbers from 300 on are given to processes again, so that many more than wanted do not fit.
            steps.append(SandboxStep.write("\(max(limit, 301))", to: "/proc/sys/kernel/pid_max").optional)
        }
        return steps
    }

    private func devices() -> [SandboxStep] {
        let flags = SandboxStep.Mount.withoutSetuid
        var steps: [SandboxStep] = [
            SandboxStep.directory("/dev").scaffold("dev"),
            .mount("tmpfs", on: "/dev", flags: flags, options: "mode=0755,size=64m"),
        ]
        for (index, name) in Self.devices.enumerated() {
            steps.append(.emptyFile("/dev/\(name)"))
            steps.append(SandboxStep.placeTree(slot: Slot.firstDevice + Int32(index), on: "/dev/\(name)").optional)
        }
        for (name, target) in [("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")] {
            steps.append(.link("/dev/\(name)", to: target))
        }
        steps += [
            .directory("/dev/pts"), .directory("/dev/shm", mode: 0o1777), .link("/dev/ptmx", to: "pts/ptmx"),
            SandboxStep.mount("devpts", on: "/dev/pts", flags: flags, options: "newinstance,ptmxmode=0666,mode=0620")
                .optional,
            SandboxStep.mount("tmpfs", on: "/dev/shm", flags: flags | 4 | 8, options: "mode=1777,size=64m").optional,
            .directory(SandboxProgram.scaffoldPath),
        ]
        return steps + names()
            + program.files.map {
                .file("\(SandboxProgram.scaffoldPath)/\($0.name)", $0.bytes, mode: UInt32($0.mode))
            }
    }

    /// Links to files in the scaffolding, in a directory of their own.
    private func names() -> [SandboxStep] {
        if program.names.isEmpty { return [] }
        let directory = "\(SandboxProgram.scaffoldPath)/bin"
        let links = program.names.sorted { $0.key < $1.key }.flatMap { target, names in
            names.map { SandboxStep.link("\(directory)/\($0)", to: "../\(target)") }
        }
        return [.directory(directory)] + links
    }

    private func system() -> [SandboxStep] {
        let steps: [SandboxStep] = [
            SandboxStep.directory("/sys").scaffold("sys"),
            SandboxStep.placeTree(slot: Slot.system, on: "/sys").optional,
            SandboxStep.hide("/sys/firmware").optional,
        ]
        return steps + Self.hidden.map { SandboxStep.hide($0).optional }
            + Self.sealed.map { SandboxStep.seal($0).optional }
    }

    private func surroundings() -> [SandboxStep] {
        var steps: [SandboxStep] = [.hostName(program.hostName), .unshare(SandboxNamespaces.time, "clocks").optional]
        if program.network == .none { steps.append(.loopback.optional) }
        return steps
    }

    /// The directory in which the program starts, if it is to be made.
    private func start() -> [SandboxStep] {
        guard program.makesDirectory else { return [] }
        let components = program.directory.split(separator: "/").map(String.init)
        return components.indices.map { .directory("/\(components[...$0].joined(separator: "/"))") }
    }

    private func binds() -> [SandboxStep] {
        program.binds.enumerated().flatMap { index, bind -> [SandboxStep] in
            let path = bind.path.hasPrefix("/") ? bind.path : "\(SandboxProgram.scaffoldPath)/\(bind.path)"
            let components = path.split(separator: "/").map(String.init)
            let isDirectory = (try? FileStatus(of: bind.source))?.kind == .directory
            let steps = components.indices.map { end -> SandboxStep in
                let name = components[...end].joined(separator: "/")
                let isPlace = end == components.count - 1
                let step = isPlace && !isDirectory ? SandboxStep.emptyFile("/\(name)") : .directory("/\(name)")
                return step.scaffold(name)
            }
            return steps + [.placeTree(slot: Slot.firstBind + Int32(index), on: path)]
        }
    }
}

extension SandboxProgram {
    /// The most files and directories of the host that can appear: as many as there are slots for.
    public static let bindLimit = Int(SandboxLayout.Slot.workspace - SandboxLayout.Slot.firstBind)
}
