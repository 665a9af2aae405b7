import {
  type DescExtension,
  type DescFile,
  type DescMessage,
  type DescService,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/** The descriptors of a set of services, by everything that reflection asks for. */
export interface ReflectionIndex {
  readonly serviceNames: readonly string[];
  /** The file of that name with all it imports, as serialised FileDescriptorProtos, each before what it imports. */
  fileByName(name: string): Uint8Array[] | undefined;
  /** The same for the file that declares a full name: a message, field, enum, value, extension, service or method. */
  fileBySymbol(symbol: string): Uint8Array[] | undefined;
  /** The same for the file that declares extension `number` of message `typeName`. */
  fileByExtension(typeName: string, number: number): Uint8Array[] | undefined;
  /** Numbers of the extensions of a message, ascending; undefined where there is no such message. */
  extensionNumbers(typeName: string): number[] | undefined;
}

/** Indexes the files of the services and everything they import. */
export function createReflectionIndex(services: readonly DescService[]): ReflectionIndex {
  const files = new Map<string, DescFile>();
  for (const service of services) collect(service.file, files);
  const symbols = new Map<string, DescFile>();
  const extensions = new Map<string, Map<number, DescFile>>();
  for (const file of files.values()) {
    for (const symbol of symbolsOf(file)) symbols.set(symbol, file);
    for (const extension of extensionsOf(file)) {
      const { typeName } = extension.extendee;
      const numbers = extensions.get(typeName) ?? new Map<number, DescFile>();
      extensions.set(typeName, numbers.set(extension.number, file));
    }
  }
  return {
    serviceNames: services.map((service) => service.typeName),
    fileByName: (name) => closure(files.get(name)),
    fileBySymbol: (symbol) => closure(symbols.get(symbol)),
    fileByExtension: (typeName, number) => closure(extensions.get(typeName)?.get(number)),
    extensionNumbers(typeName) {
      if (!symbols.has(typeName)) return undefined;
      return [...(extensions.get(typeName)?.keys() ?? [])].sort((a, b) => a - b);
    },
  };
}

/** The name a file was compiled under; `DescFile.name` has lost its suffix. */
const nameOf = (file: DescFile) => file.proto.name;

/** Adds a file and what it imports, imports first. */
function collect(file: DescFile, into: Map<string, DescFile>): void {
  if (into.has(nameOf(file))) return;
  for (const dependency of file.dependencies) collect(dependency, into); // a file can not import itself
  into.set(nameOf(file), file);
}

function closure(file: DescFile | undefined): Uint8Array[] | undefined {
  if (file === undefined) return undefined;
  const all = new Map<string, DescFile>();
  collect(file, all);
  return [...all.values()].reverse().map((one) => toBinary(FileDescriptorProtoSchema, one.proto));
}

function* messagesOf(parent: DescFile | DescMessage): Generator<DescMessage> {
  for (const message of parent.kind === "file" ? parent.messages : parent.nestedMessages) {
    yield message;
    yield* messagesOf(message);
  }
}

function* extensionsOf(file: DescFile): Generator<DescExtension> {
  yield* file.extensions;
  for (const message of messagesOf(file)) yield* message.nestedExtensions;
}

function* symbolsOf(file: DescFile): Generator<string> {
  for (const extension of extensionsOf(file)) yield extension.typeName;
  for (const service of file.services) {
    yield service.typeName;
    for (const method of service.methods) yield `${service.typeName}.${method.name}`;
  }
  const enums = [...file.enums];
  for (const message of messagesOf(file)) {
    yield message.typeName;
    for (const field of message.fields) yield `${message.typeName}.${field.name}`;
    for (const oneof of message.oneofs) yield `${message.typeName}.${oneof.name}`;
    enums.push(...message.nestedEnums);
  }
  for (const desc of enums) {
    yield desc.typeName;
    // Values are siblings of their enum, not members of it (google/protobuf/descriptor.proto).
    const scope = desc.typeName.slice(0, -desc.name.length);
    for (const value of desc.values) yield `${scope}${value.name}`;
  }
}
