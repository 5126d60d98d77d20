import { z } from "zod";

// The Content-Security-Policy of the console forbids eval, which zod otherwise tries when the first schema is created.
z.config({ jitless: true });
