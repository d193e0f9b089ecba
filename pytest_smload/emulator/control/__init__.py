"""The embedded endpoint's control plane: SageMaker, CloudWatch, Application Auto Scaling, STS and S3 on its one URL."""
