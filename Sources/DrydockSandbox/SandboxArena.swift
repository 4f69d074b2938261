// SPDX-License-Identifier: Apache-2.0

import CDrydockHost
import DrydockBytes
import Glibc

/// Memory that a child between fork and exec reads: strings and arrays that stay where they are until all is over.
@safe
final class SandboxArena {
    private var blocks: [UnsafeMutableRawPointer] = unsafe []

    deinit {
        while let block = unsafe blocks.popLast() { unsafe block.deallocate() }
    }

    private func allocate<Element: BitwiseCopyable>(_ type: Element.Type, _ count: Int) -> UnsafeMutablePointer<Element>
    {
        let block = UnsafeMutablePointer<Element>.allocate(capacity: max(count, 1))
        unsafe blocks.append(UnsafeMutableRawPointer(block))
        return unsafe block
    }

    /// A copy of bytes of which none is NUL, with a NUL behind them.
    func string(_ name: ByteString) -> UnsafeMutablePointer<CChar> {
        let copy = unsafe allocate(CChar.self, name.count + 1)
        for (index, byte) in name.bytes.enumerated() { unsafe copy[index] = CChar(bitPattern: byte) }
        unsafe copy[name.count] = 0
        return unsafe copy
    }

    /// A copy of bytes that may be missing.
    func string(_ name: ByteString?) -> UnsafePointer<CChar>? {
        guard let name else { return nil }
        let copy: UnsafeMutablePointer<CChar> = unsafe string(name)
        return unsafe UnsafePointer(copy)
    }

    /// A copy with a NUL behind it.
    func string(_ text: String?) -> UnsafePointer<CChar>? {
        guard let text else { return nil }
        return unsafe UnsafePointer(string(ByteString(text)))
    }

    /// Copies of all, with a null pointer behind the last.
    func strings(_ texts: [String]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
        let array = unsafe allocate(UnsafeMutablePointer<CChar>?.self, texts.count + 1)
        for (index, text) in texts.enumerated() { unsafe array[index] = string(ByteString(text)) }
        unsafe array[texts.count] = nil
        return unsafe array
    }

    /// A copy of an array.
    func array<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
        let copy = unsafe allocate(Element.self, elements.count)
        for (index, element) in elements.enumerated() { unsafe copy[index] = element }
        return unsafe copy
    }
}

extension SandboxStep {
    /// The step as C has it; its texts live as long as the arena.
    func raw(in arena: SandboxArena) -> drydock_step {
        var raw = unsafe drydock_step()
        unsafe raw.kind = Int32(kind.rawValue)
        unsafe raw.options = options
        unsafe (raw.slot, raw.mode, raw.uid, raw.gid, raw.flags) = (slot, mode, uid, gid, flags)
        unsafe raw.source = arena.string(source)
        unsafe raw.path = arena.string(exactPath ?? path.map { ByteString($0) })
        unsafe raw.type = arena.string(type)
        unsafe raw.text = arena.string(text)
        unsafe raw.bytes = UnsafeRawPointer(arena.array(bytes))
        unsafe raw.count = bytes.count
        return unsafe raw
    }

    private var options: UInt32 {
        UInt32(isOptional ? DRYDOCK_STEP_OPTIONAL : 0) | UInt32(isTherefore ? DRYDOCK_STEP_THEREFORE : 0)
            | UInt32(isScaffold ? DRYDOCK_STEP_SCAFFOLD : 0)
    }
}
