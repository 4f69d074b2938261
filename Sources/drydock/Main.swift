// SPDX-License-Identifier: Apache-2.0

import DrydockCommands

@main
struct Main {
    static func main() async { await Program.main() }
}
