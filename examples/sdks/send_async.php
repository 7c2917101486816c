<?php
// PHP, AsyncAws: `endpoint` says where to send.
require getenv('AUTOLOAD') ?: 'vendor/autoload.php';

$sqs = new AsyncAws\Sqs\SqsClient(['endpoint' => getenv('AWS_ENDPOINT_URL_SQS')]);
$sent = $sqs->sendMessage(['QueueUrl' => getenv('QUEUE_URL'), 'MessageBody' => 'hello', 'DelaySeconds' => 60]);
echo $sent->getMessageId(), "\n";
