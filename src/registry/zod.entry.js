// What the bundle with zod holds. The package is 95 modules, which a process spends 60 ms on; the bundle, 20.
export { z } from "zod";
