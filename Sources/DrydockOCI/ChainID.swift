// SPDX-License-Identifier: Apache-2.0

public import DrydockDigests

/// Names for stacks of layers.
public enum ChainID: Sendable {
    /// The chainID of each layer with everything below it, lowest first.
    ///
    /// The lowest one's is its diffID; every other's is the digest of the text `chainID-below diffID`.
    /// [Image specification, Layer ChainID](https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#layer-chainid).
    public static func chain(of diffIDs: [Digest]) -> [Digest] {
        var chain: [Digest] = []
        for diffID in diffIDs {
            chain.append(chain.last.map { Digest(of: Array("\($0) \(diffID)".utf8)) } ?? diffID)
        }
        return chain
    }
}
