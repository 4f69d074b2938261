// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockBytes

/// One step of setting a sandbox up, as `CDrydockHost` carries it out between fork and exec.
struct SandboxStep {
    /// What it does, as it reads after "Cannot".
    var purpose: String
    let kind: drydock_step_kind
    var source: String?
    var path: String?
    /// A path that may have any bytes; it counts before `path`.
    var exactPath: ByteString?
    var type: String?
    var text: String?
    var bytes: [UInt8] = []
    var flags: UInt64 = 0
    var slot: Int32 = 0
    var mode: UInt32 = 0
    var uid: UInt32 = 0
    var gid: UInt32 = 0
    /// What is recorded of the file that the step identifies.
    var record: OwnershipRecord?
    var isOptional = false
    var isTherefore = false
    var isScaffold = false

    /// The same step, whose failure is no failure.
    var optional: SandboxStep { with { $0.isOptional = true } }

    /// The same step, done only if the last optional step succeeded.
    var therefore: SandboxStep { with { $0.isTherefore = true } }

    func with(_ change: (inout SandboxStep) -> Void) -> SandboxStep {
        var step = self
        change(&step)
        return step
    }
}

extension SandboxStep {
    /// Flags of mount(2).
    enum Mount {
        static let readOnly: UInt64 = 1
        static let withoutSetuid: UInt64 = 2
        static let withoutDevices: UInt64 = 4
        static let withoutPrograms: UInt64 = 8
        static let bind: UInt64 = 4_096
        static let recursive: UInt64 = 16_384
        static let isPrivate: UInt64 = 1 << 18
    }

    static func mount(_ type: String, on path: String, flags: UInt64 = 0, options: String? = nil) -> SandboxStep {
        SandboxStep(
            purpose: "mount '\(path)'",
            kind: DRYDOCK_STEP_MOUNT,
            source: type,
            path: path,
            type: type,
            text: options,
            flags: flags
        )
    }

    static func bind(_ source: String, on path: String) -> SandboxStep {
        SandboxStep(
            purpose: "mount '\(path)'",
            kind: DRYDOCK_STEP_MOUNT,
            source: source,
            path: path,
            flags: Mount.bind | Mount.recursive
        )
    }

    /// Takes every mount out of the sight of the rest of the machine.
    static let privateMounts = SandboxStep(
        purpose: "separate mounts",
        kind: DRYDOCK_STEP_MOUNT,
        path: "/",
        flags: Mount.isPrivate | Mount.recursive
    )

    static func directory(_ path: String, mode: UInt32 = 0o755) -> SandboxStep {
        SandboxStep(purpose: "make '\(path)'", kind: DRYDOCK_STEP_DIRECTORY, path: path, mode: mode)
    }

    static func emptyFile(_ path: String) -> SandboxStep {
        SandboxStep(purpose: "make '\(path)'", kind: DRYDOCK_STEP_EMPTY_FILE, path: path, mode: 0o644)
    }

    /// The step makes a mount point, named by its path in the changed tree.
    func scaffold(_ name: String) -> SandboxStep {
        with {
            $0.isScaffold = true
            $0.text = name
        }
    }

    static func file(_ path: String, _ bytes: [UInt8], mode: UInt32) -> SandboxStep {
        SandboxStep(purpose: "make '\(path)'", kind: DRYDOCK_STEP_FILE, path: path, bytes: bytes, mode: mode)
    }

    static func link(_ path: String, to target: String) -> SandboxStep {
        SandboxStep(purpose: "make '\(path)'", kind: DRYDOCK_STEP_SYMLINK, source: target, path: path)
    }

    static func takeTree(_ source: String, slot: Int32, recursive: Bool = true) -> SandboxStep {
        SandboxStep(
            purpose: "open '\(source)'",
            kind: DRYDOCK_STEP_TAKE_TREE,
            source: source,
            flags: recursive ? 1 : 0,
            slot: slot
        )
    }

    static func sealTree(_ source: String, slot: Int32) -> SandboxStep {
        SandboxStep(purpose: "make '\(source)' read-only", kind: DRYDOCK_STEP_SEAL_TREE, flags: 1, slot: slot)
    }

    static func placeTree(slot: Int32, on path: String) -> SandboxStep {
        SandboxStep(purpose: "mount '\(path)'", kind: DRYDOCK_STEP_PLACE_TREE, path: path, slot: slot)
    }

    static func seal(_ path: String) -> SandboxStep {
        SandboxStep(purpose: "make '\(path)' read-only", kind: DRYDOCK_STEP_SEAL_PATH, path: path, flags: 1)
    }

    static func hide(_ path: String) -> SandboxStep {
        SandboxStep(purpose: "hide '\(path)'", kind: DRYDOCK_STEP_HIDE, path: path)
    }

    static func open(_ source: String, slot: Int32) -> SandboxStep {
        SandboxStep(purpose: "open '\(source)'", kind: DRYDOCK_STEP_OPEN, source: source, slot: slot)
    }

    static func owner(of path: ByteString, _ owner: SandboxRoot.Owner) -> SandboxStep {
        SandboxStep(purpose: "set the owner of '/\(owner.path)'", kind: DRYDOCK_STEP_OWNER, exactPath: path).with {
            $0.uid = owner.uid
            $0.gid = owner.gid
            $0.mode = UInt32(owner.mode)
        }
    }

    /// Sets the capabilities that a program file has.
    static func capability(of path: ByteString, _ owner: SandboxRoot.Owner, _ value: [UInt8]) -> SandboxStep {
        SandboxStep(purpose: "set the capabilities of '/\(owner.path)'", kind: DRYDOCK_STEP_ATTRIBUTE, exactPath: path)
            .with {
                $0.source = "security.capability"
                $0.bytes = value
            }
    }

    /// Notes what emulated ownership says of a file before the program starts.
    static func record(_ owner: SandboxRoot.Owner, at path: ByteString) -> SandboxStep {
        SandboxStep(purpose: "find '/\(owner.path)'", kind: DRYDOCK_STEP_IDENTIFY, exactPath: path).with {
            $0.record = owner.record
        }
    }

    static func enter(_ path: String) -> SandboxStep {
        SandboxStep(purpose: "enter '\(path)'", kind: DRYDOCK_STEP_ENTER, path: path)
    }

    static func pivot(to path: String) -> SandboxStep {
        SandboxStep(purpose: "change the root", kind: DRYDOCK_STEP_PIVOT, path: path)
    }

    static func write(_ text: String, to path: String) -> SandboxStep {
        SandboxStep(purpose: "write '\(path)'", kind: DRYDOCK_STEP_WRITE, path: path, bytes: Array(text.utf8))
    }

    static func remove(_ path: String) -> SandboxStep {
        SandboxStep(purpose: "remove '\(path)'", kind: DRYDOCK_STEP_REMOVE, path: path)
    }

    static func unshare(_ flags: UInt64, _ what: String) -> SandboxStep {
        SandboxStep(purpose: "separate \(what)", kind: DRYDOCK_STEP_UNSHARE, flags: flags)
    }

    static let loopback = SandboxStep(purpose: "switch the loopback interface on", kind: DRYDOCK_STEP_LOOPBACK)

    static func hostName(_ name: String) -> SandboxStep {
        SandboxStep(purpose: "set the host name", kind: DRYDOCK_STEP_HOST_NAME, source: name)
    }
}
