import { Code, type ServiceImpl } from "@connectrpc/connect";
import type {
  ServerReflection,
  ServerReflectionRequest,
} from "../../../gen/ts/grpc/reflection/v1/reflection_pb.ts";
import type {
  ServerReflection as ServerReflectionAlpha,
  ServerReflectionRequest as ServerReflectionRequestAlpha,
} from "../../../gen/ts/grpc/reflection/v1alpha/reflection_pb.ts";
import type { ReflectionIndex } from "./reflection-index.ts";

/** grpc.reflection.v1. What is not found is an answer, not the end of the stream. */
export function reflectionService(index: ReflectionIndex) {
  return {
    async *serverReflectionInfo(requests) {
      for await (const request of requests) {
        yield {
          validHost: request.host,
          originalRequest: request,
          messageResponse: answer(index, request.messageRequest),
        };
      }
    },
  } satisfies ServiceImpl<typeof ServerReflection>;
}

/** grpc.reflection.v1alpha: the same answers under the older name, which many tools still ask first. */
export function reflectionAlphaService(index: ReflectionIndex) {
  return {
    async *serverReflectionInfo(requests) {
      for await (const request of requests) {
        yield {
          validHost: request.host,
          originalRequest: request,
          messageResponse: answer(index, request.messageRequest),
        };
      }
    },
  } satisfies ServiceImpl<typeof ServerReflectionAlpha>;
}

type Question = (ServerReflectionRequest | ServerReflectionRequestAlpha)["messageRequest"];

function answer(index: ReflectionIndex, question: Question) {
  switch (question.case) {
    case "listServices":
      return {
        case: "listServicesResponse" as const,
        value: { service: index.serviceNames.map((name) => ({ name })) },
      };
    case "fileByFilename":
      return files(index.fileByName(question.value), question.value);
    case "fileContainingSymbol":
      return files(index.fileBySymbol(question.value), question.value);
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = question.value;
      const found = index.fileByExtension(containingType, extensionNumber);
      return files(found, `extension ${extensionNumber} of ${containingType}`);
    }
    case "allExtensionNumbersOfType": {
      const numbers = index.extensionNumbers(question.value);
      if (numbers === undefined) return refusal(Code.NotFound, `There is no ${question.value}.`);
      return {
        case: "allExtensionNumbersResponse" as const,
        value: { baseTypeName: question.value, extensionNumber: numbers },
      };
    }
    case undefined:
      return refusal(Code.InvalidArgument, "The request asks for nothing.");
  }
}

function files(found: Uint8Array[] | undefined, what: string) {
  if (found === undefined) return refusal(Code.NotFound, `There is no ${what}.`);
  return { case: "fileDescriptorResponse" as const, value: { fileDescriptorProto: found } };
}

function refusal(errorCode: Code, errorMessage: string) {
  return { case: "errorResponse" as const, value: { errorCode, errorMessage } };
}
