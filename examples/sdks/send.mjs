// Node.js, SDK v3: `endpoint` has to stand in the code, or the SDK sends to the host of the QueueUrl, which is AWS.
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";

const sqs = new SQSClient({ endpoint: process.env.AWS_ENDPOINT_URL_SQS });
const message = { QueueUrl: process.env.QUEUE_URL, MessageBody: "hello", DelaySeconds: 60 };
const sent = await sqs.send(new SendMessageCommand(message));
console.log(sent.MessageId);
