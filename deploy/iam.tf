# A user for karin with the rights of iam-policy.json beside this file, in the account and region of your AWS provider.
data "aws_caller_identity" "karin" {}

data "aws_region" "karin" {}

locals {
  # Region and account of the example in the file become yours.
  karin_policy = replace(replace(
    file("${path.module}/iam-policy.json"),
    "123456789012", data.aws_caller_identity.karin.account_id),
    "eu-west-1", data.aws_region.karin.name # .region from version 6 of the provider on
  )
}

resource "aws_iam_user" "karin" {
  name = "karin"
}

resource "aws_iam_user_policy" "karin" {
  name   = "karin"
  user   = aws_iam_user.karin.name
  policy = local.karin_policy
}

# The secret then stands in Terraform's state: whoever may read that may call your functions.
resource "aws_iam_access_key" "karin" {
  user = aws_iam_user.karin.name
}

output "karin_access_key_id" {
  value = aws_iam_access_key.karin.id
}

output "karin_secret_access_key" {
  value     = aws_iam_access_key.karin.secret
  sensitive = true
}
