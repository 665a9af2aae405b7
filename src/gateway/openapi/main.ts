/**
 * Writes the OpenAPI document: `buf build proto -o -#format=binpb | tsx src/gateway/openapi/main.ts gen/openapi.json`.
 * Standard input is a buf image with source info, which is a FileDescriptorSet.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { generateOpenApi } from "./generate.ts";

const STANDARD_INPUT = 0;

const [target] = process.argv.slice(2);
if (target === undefined) throw new Error("Name the file to write, such as gen/openapi.json.");
const set = fromBinary(FileDescriptorSetSchema, readFileSync(STANDARD_INPUT));
writeFileSync(target, `${JSON.stringify(generateOpenApi(set), null, 2)}\n`);
