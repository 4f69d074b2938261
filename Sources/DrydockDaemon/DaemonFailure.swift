// SPDX-License-Identifier: Apache-2.0

import DrydockJSON

/// A daemon that could not do what was asked, or could not be asked.
public struct DaemonFailure: Error, Equatable, CustomStringConvertible {
    /// What is wrong.
    public enum Reason: Equatable, Sendable {
        /// A text is not the address of a daemon.
        case address(String, origin: String)
        /// There is no context of a name.
        case missingContext(String, origin: String)
        /// A file of Docker's settings is not what it should be.
        case file(String, clause: String)
        /// Nothing listens at the address.
        case notRunning(String)
        /// The socket may not be used by this person.
        case notPermitted(String)
        /// The connection failed in another way.
        case connection(String, clause: String)
        /// What answers does not speak this interface, or only versions that are too old.
        case version(String, offered: String?)
        /// The daemon has no such image.
        case missingImage(String)
        /// The daemon said no; its own words.
        case refused(action: String, status: Int, message: String)
        /// The daemon's answer cannot be understood.
        case answer(action: String)
        /// The image that was to be sent is not what it was announced to be.
        case source(String)
    }

    /// What is wrong.
    public let reason: Reason

    package init(_ reason: Reason) { self.reason = reason }

    /// Whether Docker misses the file of a layer in an archive that it was to load.
    package var isMissingLayer: Bool {
        guard case .refused(_, 200, let message) = reason else { return false }
        return message.hasSuffix("no such file or directory")
    }

    /// One sentence for the person, and a hint where one helps.
    public var description: String {
        switch reason {
        case .address(let text, let origin):
            "\(origin) names no daemon: '\(text.clippedForMessage)'\nhint: write unix:///PATH or tcp://HOST:PORT; "
                + "of a daemon behind SSH forward the socket: ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock HOST"
        case .missingContext(let name, let origin):
            "\(origin) names the context '\(name.clippedForMessage)', which does not exist\nhint: docker context ls"
        case .file(let path, let clause): "Cannot read '\(path)': \(clause)"
        case .notRunning(let place):
            "Cannot reach a daemon at '\(place)': nothing answers there\n"
                + "hint: start it (sudo systemctl start docker; systemctl --user start podman.socket) or set DOCKER_HOST"
        case .notPermitted(let place):
            "Cannot reach the daemon at '\(place)': permission denied\n"
                + "hint: join its group: sudo usermod -aG docker \"$USER\", then log in again"
        case .connection(let place, let clause): "Cannot talk to the daemon at '\(place)': \(clause)"
        case .version(let place, let offered):
            "What answers at '\(place)' is no daemon that this program can use: expected version "
                + "\(DaemonVersion.oldest) or newer of Docker's interface, got \(offered ?? "none")"
        case .missingImage(let name):
            "The daemon has no image '\(name.clippedForMessage)'\nhint: docker image ls"
        case .refused(let action, let status, let message):
            "The daemon could not \(action): \(message.clippedForMessage) (status \(status))"
        case .answer(let action): "The daemon's answer cannot be understood after it was asked to \(action)"
        case .source(let clause): clause
        }
    }
}
