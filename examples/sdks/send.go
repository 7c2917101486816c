// Go, SDK v2 of any age: the resolver says where to send.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func main() {
	settings, err := config.LoadDefaultConfig(context.TODO())
	if err != nil {
		log.Fatal(err)
	}
	endpoint := sqs.EndpointResolverFromURL(os.Getenv("AWS_ENDPOINT_URL_SQS"))
	client := sqs.NewFromConfig(settings, sqs.WithEndpointResolver(endpoint))
	sent, err := client.SendMessage(context.TODO(), &sqs.SendMessageInput{
		QueueUrl:     aws.String(os.Getenv("QUEUE_URL")),
		MessageBody:  aws.String("hello"),
		DelaySeconds: 60,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(*sent.MessageId)
}
