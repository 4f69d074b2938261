# SPDX-License-Identifier: Apache-2.0
# Several images in one archive, and an image without its layers.
{ dockerTools, examples, ... }:
{
  mergedBashAndRedis = dockerTools.mergeImages [ examples.bash examples.redis ];
  mergedBashNoTagAndRedis = dockerTools.mergeImages [ examples.bashNoTag examples.redis ];
  mergedBashFakeRoot = dockerTools.mergeImages [ examples.bash examples.layeredImageWithFakeRootCommands ];
  mergeVaryingCompressor = dockerTools.mergeImages [ examples.redis examples.bashUncompressed examples.bashZstdCompressed ];

  exportBash = dockerTools.exportImage { fromImage = examples.bash; };
}
