# SPDX-License-Identifier: Apache-2.0
# Several images in one archive.
{ dockerTools, examples, ... }:
{
  mergedBashAndRedis = dockerTools.mergeImages [ examples.bash examples.redis ];
  mergedBashNoTagAndRedis = dockerTools.mergeImages [ examples.bashNoTag examples.redis ];
  mergedBashFakeRoot = dockerTools.mergeImages [ examples.bash examples.layeredImageWithFakeRootCommands ];
  mergeVaryingCompressor = dockerTools.mergeImages [ examples.redis examples.bashUncompressed examples.bashZstdCompressed ];
}
