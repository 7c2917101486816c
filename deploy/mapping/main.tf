# Terraform and OpenTofu: `enabled = false`
terraform {
  required_providers {
    archive = { source = "hashicorp/archive" }
    aws     = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region = "eu-west-1"
}

resource "aws_sqs_queue" "mails" {
  name                       = "mails"
  visibility_timeout_seconds = 60 # six times the function's timeout
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_mails.arn
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue" "dead_mails" {
  name                      = "mails-dead"
  message_retention_seconds = 1209600
}

data "archive_file" "mailer" {
  type        = "zip"
  source_file = "${path.module}/mailer.py"
  output_path = "${path.module}/mailer.zip"
}

resource "aws_lambda_function" "mailer" {
  function_name    = "mailer"
  role             = aws_iam_role.mailer.arn
  runtime          = "python3.13"
  handler          = "mailer.handle"
  timeout          = 10
  filename         = data.archive_file.mailer.output_path
  source_code_hash = data.archive_file.mailer.output_base64sha256
}

resource "aws_lambda_event_source_mapping" "mails" {
  event_source_arn        = aws_sqs_queue.mails.arn
  function_name           = aws_lambda_function.mailer.arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
  enabled                 = false # karin delivers; AWS polls nothing
  depends_on              = [aws_iam_role_policy.mailer]
}

resource "aws_iam_role" "mailer" {
  name = "mailer"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy_attachment" "mailer_logs" {
  role       = aws_iam_role.mailer.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

# AWS asks for these even of a mapping that is disabled, and of the function's role, not of karin's user.
resource "aws_iam_role_policy" "mailer" {
  name = "mails"
  role = aws_iam_role.mailer.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
      Resource = aws_sqs_queue.mails.arn
    }]
  })
}
